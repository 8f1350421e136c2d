import { toBytes } from '../common/byte-string.js';
import { DeltaShape, DeltaShapes, sharedShapes } from './delta-shape.js';
import { LineEndings } from './line-endings.js';
import { RepeatedEvents } from './repeated-events.js';
import { decodeFrame, parseObject } from './sse-frame.js';
import { UpstreamEvent } from './upstream-event.js';
import { UpstreamFailure } from './upstream-failure.js';

/** An image comes as one event of tens of megabytes. */
const DEFAULT_MAX_EVENT_BYTES = 128 * 1024 * 1024;
/** An unfinished frame up to this size is joined with the next chunk and searched again; a larger one is only collected, so that it costs linear time. */
const JOIN_LIMIT_BYTES = 8 * 1024;

const LF = 10;
const COLON = 58;

/**
 * Bytes of an upstream event stream → events. Accepts every dialect that has been seen: LF, CRLF and CR line ends, a BOM,
 * comments, several `data:` lines, no space after the colon, no `event:` line, no blank line after the last event, JSON
 * without `data:`. Any split of the bytes gives the same events; one that comes twice in a row is left out. Works on bytes as latin1 strings: text is never decoded
 * unless an event is parsed.
 */
export class SseDecoder {
  /** Events that were dropped because their data is not a JSON object. */
  malformed = 0;

  readonly #lines = new LineEndings();
  readonly #repeated = new RepeatedEvents();
  /** The unfinished frame at the end of what was pushed. */
  #parts: string[] = [];
  #size = 0;
  /** The shape that matched last is the one that will match next. */
  #recent: DeltaShape | null = null;

  constructor(
    private readonly maxEventBytes: number = DEFAULT_MAX_EVENT_BYTES,
    private readonly shapes: DeltaShapes = sharedShapes,
  ) {}

  /** The events that these bytes complete. Throws `UpstreamFailure('protocol')` when one event exceeds the cap; the decoder is of no use afterwards. */
  push(chunk: Buffer): UpstreamEvent[] {
    const text = this.#lines.normalise(chunk.toString('latin1'));
    if (this.#size === 0) return this.#scan(text);
    if (this.#size <= JOIN_LIMIT_BYTES) {
      const joined = this.#takeRest() + text;
      return this.#scan(joined);
    }
    return this.#collect(text);
  }

  /** The stream has ended: the last event may lack its blank line; if it does not parse it is dropped. */
  end(): UpstreamEvent[] {
    const events = this.push(Buffer.from(this.#lines.end(), 'latin1'));
    const rest = this.#takeRest();
    if (rest.length > 0) this.#decode(rest, 0, rest.length, events);
    return events;
  }

  #takeRest(): string {
    const rest = this.#parts.length === 1 ? this.#parts[0]! : this.#parts.join('');
    this.#parts = [];
    this.#size = 0;
    return rest;
  }

  #scan(text: string): UpstreamEvent[] {
    const events: UpstreamEvent[] = [];
    const length = text.length;
    let at = 0;
    while (at < length) {
      const first = text.charCodeAt(at);
      if (first === LF) {
        at++;
        continue;
      }
      const hot = this.#matchHot(text, at);
      if (hot !== null) {
        if (!this.#repeated.has(hot)) events.push(hot);
        at = this.#recent!.end;
        continue;
      }
      if (first === COLON) {
        const lineEnd = text.indexOf('\n', at);
        if (lineEnd < 0) break;
        at = lineEnd + 1;
        continue;
      }
      const end = text.indexOf('\n\n', at);
      if (end < 0) break;
      this.#decode(text, at, end + 2, events);
      at = end + 2;
    }
    if (at < length) this.#keep(at === 0 ? text : text.slice(at));
    return events;
  }

  #matchHot(text: string, at: number): UpstreamEvent | null {
    const recent = this.#recent?.match(text, at);
    if (recent) return recent;
    for (const shape of this.shapes.all) {
      if (shape === this.#recent) continue;
      const event = shape.match(text, at);
      if (event !== null) {
        this.#recent = shape;
        return event;
      }
    }
    return null;
  }

  /** A large frame is in the making: only the new bytes are searched for its end. */
  #collect(text: string): UpstreamEvent[] {
    if (text.length === 0) return [];
    const straddles = this.#parts.at(-1)!.endsWith('\n') && text.charCodeAt(0) === LF;
    const end = straddles ? 1 : text.indexOf('\n\n') + 2;
    if (end === 1 && !straddles) {
      this.#keep(text);
      return [];
    }
    this.#parts.push(text.slice(0, end));
    const frame = this.#takeRest();
    const events: UpstreamEvent[] = [];
    this.#decode(frame, 0, frame.length, events);
    return events.concat(this.#scan(text.slice(end)));
  }

  #keep(text: string): void {
    this.#parts.push(text);
    this.#size += text.length;
    if (this.#size > this.maxEventBytes) {
      throw new UpstreamFailure('protocol', `upstream sent an event of more than ${this.maxEventBytes} bytes`);
    }
  }

  #decode(text: string, start: number, end: number, events: UpstreamEvent[]): void {
    const decoded = decodeFrame(text, start, end);
    if (decoded === 'malformed') this.malformed++;
    if (decoded === 'malformed' || decoded === 'nothing') return;
    if (decoded.framed) this.shapes.learn(decoded);
    if (!this.#repeated.has(decoded)) events.push(decoded);
  }
}

/**
 * A 2xx body that is not an event stream, as text. A whole response object becomes its terminal event; any other JSON object
 * (`{"detail":…}`, `{"error":…}`) an event that stands for an error; null if it is not a JSON object.
 */
export function decodeJsonBody(text: string): UpstreamEvent | null {
  const data = toBytes(text);
  const json = parseObject(data);
  if (json === null) return null;
  if (json['object'] !== 'response') return UpstreamEvent.parsed(typeof json['type'] === 'string' ? json['type'] : '', data, json);
  const status = json['status'];
  const ending = status === 'failed' || status === 'incomplete' || status === 'cancelled' ? status : 'completed';
  return UpstreamEvent.of({ type: `response.${ending}`, response: json });
}
