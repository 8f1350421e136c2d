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

/**
 * One event of an upstream stream: its type, and where its bytes are in the text they came in; the JSON is parsed when somebody
 * asks (docs/adr/0003). Frames that follow each other in one text are copied as one piece, so positions are kept, not pieces.
 */
export class UpstreamEvent {
  #json: JsonObject | undefined;

  constructor(
    /** `data.type`, or the SSE `event:` name where the JSON has none; `''` if neither exists. */
    readonly type: string,
    readonly text: ByteString,
    /** The frame is `text[start, end)`. */
    readonly start: number,
    readonly end: number,
    /** The payload begins here. */
    readonly dataStart: number,
    /** Whether the frame has the form `event: TYPE\ndata: JSON\n\n` and can be copied; otherwise the payload ends where it ends. */
    readonly framed: boolean,
    readonly delta: DeltaLiteral | null = null,
  ) {}

  /** The JSON payload. */
  get data(): ByteString {
    return this.text.slice(this.dataStart, this.framed ? this.end - 2 : this.end);
  }

  /** Bytes of the payload, give or take the line ends. */
  get size(): number {
    return this.end - this.dataStart;
  }

  /** The whole frame, with its closing blank line, if it can be copied as it came; else null. */
  get frame(): ByteString | null {
    return this.framed ? this.text.slice(this.start, this.end) : null;
  }

  /** The payload, parsed once. Cannot throw: the decoder proves that `data` is a JSON object before it makes an event of it. */
  get json(): JsonObject {
    return (this.#json ??= JSON.parse(fromBytes(this.data)) as JsonObject);
  }

  /** The frame `text[start, end)`, whose payload at `dataStart` has been parsed already; `json` must be what it says. */
  static usual(type: string, text: ByteString, start: number, end: number, dataStart: number, json: JsonObject): UpstreamEvent {
    const event = new UpstreamEvent(type, text, start, end, dataStart, true);
    event.#json = json;
    return event;
  }

  /** A payload that came in another form than the usual frame; `json` must be what it says. */
  static parsed(type: string, data: ByteString, json: JsonObject): UpstreamEvent {
    const event = new UpstreamEvent(type, data, 0, data.length, 0, false);
    event.#json = json;
    return event;
  }

  /** An event of our own making (structure that upstream left out, a rewritten terminal). */
  static of(json: JsonObject & { type: string }): UpstreamEvent {
    const head = `event: ${json.type}\ndata: `;
    const text = `${head}${toBytes(JSON.stringify(json))}\n\n`;
    return UpstreamEvent.usual(json.type, text, 0, text.length, head.length, json);
  }
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled', 'response.done', 'error']);

/** Whether the stream ends with this event. A bare `{"error":…}` or `{"detail":…}` without a type counts as one. */
export const isTerminal = (event: UpstreamEvent): boolean => TERMINAL.has(event.type) || (event.type === '' && isBareError(event.json));

const isBareError = ({ error, detail }: JsonObject): boolean => error != null || detail != null;

const BAD_ENDS = ['incomplete', 'failed', 'cancelled'] as const;
export type TerminalStatus = 'completed' | (typeof BAD_ENDS)[number];

/**
 * How a turn ended, by its terminal event: its type says so, or, where that is `response.done`, the snapshot in it. A snapshot that
 * contradicts `response.completed` is believed, so that no failed or cut turn passes for a whole one.
 */
export function terminalStatus({ type, json }: UpstreamEvent): TerminalStatus {
  const status = (json.response as { status?: unknown } | null | undefined)?.status;
  const told = type === 'response.done' ? (status ?? 'completed') : type.replace(/^response\./, '');
  const bad = BAD_ENDS.find((end) => end === (told === 'completed' ? status : told));
  return bad ?? (told === 'completed' ? 'completed' : 'failed');
}
