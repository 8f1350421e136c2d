import { ByteString, fromBytes, toBytes } from '../common/byte-string.js';

export type JsonObject = Record<string, unknown>;

/**
 * The parts of a text, argument or reasoning delta that an encoder needs, taken from the frame without parsing it
 * (docs/adr/0003). `literal` is the JSON string literal of `delta` with its quotes, proved well-formed.
 */
export interface DeltaLiteral {
  readonly literal: ByteString;
  readonly outputIndex: number;
  readonly itemId: string;
  /** `content_index` or `summary_index`; 0 where the event has neither. */
  readonly part: number;
  /** Whether the event has a `sequence_number`; undefined: nobody looked. */
  readonly numbered?: boolean;
}

/** One event of an upstream stream: its bytes and its type; the JSON is parsed when somebody asks (docs/adr/0003). */
export class UpstreamEvent {
  #json: JsonObject | undefined;

  constructor(
    /** `data.type`, or the SSE `event:` name where the JSON has none; `''` if neither exists. */
    readonly type: string,
    /** The JSON payload. */
    readonly data: ByteString,
    /** The whole frame as it arrived, with its closing blank line, if it already has the form `event: TYPE\ndata: JSON\n\n`; else null. */
    readonly frame: ByteString | null,
    readonly delta: DeltaLiteral | null = null,
  ) {}

  /** The payload, parsed once. Cannot throw: the decoder proves that `data` is a JSON object before it makes an event of it. */
  get json(): JsonObject {
    return (this.#json ??= JSON.parse(fromBytes(this.data)) as JsonObject);
  }

  /** An event whose payload has been parsed already; `json` must be what `data` says. */
  static parsed(type: string, data: ByteString, frame: ByteString | null, json: JsonObject): UpstreamEvent {
    const event = new UpstreamEvent(type, data, frame);
    event.#json = json;
    return event;
  }

  /** An event of our own making (structure that upstream left out, a rewritten terminal). */
  static of(json: JsonObject & { type: string }): UpstreamEvent {
    const text = JSON.stringify(json);
    const data = toBytes(text);
    const event = new UpstreamEvent(json.type, data, `event: ${json.type}\ndata: ${data}\n\n`);
    event.#json = json;
    return event;
  }
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled', 'response.done', 'error']);

/** Whether the stream ends with this event (reference: events N13). A bare `{"error":…}` or `{"detail":…}` without a type counts as one. */
export const isTerminal = (event: UpstreamEvent): boolean => TERMINAL.has(event.type) || (event.type === '' && isBareError(event.json));

const isBareError = ({ error, detail }: JsonObject): boolean => error != null || detail != null;
