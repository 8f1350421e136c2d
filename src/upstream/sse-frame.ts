import { ByteString, fromBytes } from '../common/byte-string.js';
import { JsonObject, UpstreamEvent } from './upstream-event.js';

const EVENT = 'event: ';
const DATA = 'data: ';

/** One SSE frame, `text[start, end)` with LF line ends → its event. `nothing`: comments, unknown fields, `[DONE]`. */
export function decodeFrame(text: ByteString, start: number, end: number): UpstreamEvent | 'nothing' | 'malformed' {
  return decodeUsualFrame(text, start, end) ?? decodeLines(text.slice(start, end).split('\n'));
}

/** Exactly `event: TYPE\ndata: JSON\n\n`, with the type that the JSON names: such a frame can be forwarded as it is. */
function decodeUsualFrame(text: ByteString, start: number, end: number): UpstreamEvent | null {
  if (!text.startsWith(EVENT, start)) return null;
  const nameEnd = text.indexOf('\n', start);
  const dataStart = nameEnd + 1 + DATA.length;
  if (!text.startsWith(DATA, nameEnd + 1) || text.indexOf('\n', dataStart) !== end - 2) return null;
  const data = text.slice(dataStart, end - 2);
  const json = parseObject(data);
  if (json === null || json['type'] !== text.slice(start + EVENT.length, nameEnd)) return null;
  return UpstreamEvent.usual(json['type'], text, start, end, dataStart, json);
}

interface Fields {
  name: ByteString;
  readonly data: ByteString[];
  /** `data` and every line that is no field, in order: pretty-printed JSON whose lines have no `data:`. */
  readonly loose: ByteString[];
}

function decodeLines(lines: readonly ByteString[]): UpstreamEvent | 'nothing' | 'malformed' {
  const { name, data, loose } = readFields(lines);
  const joined = data.join('\n');
  if (joined.trim() === '[DONE]') return 'nothing';
  const whole = loose.join('\n');
  const strict = parseObject(joined);
  const json = strict ?? (loose.length > data.length ? parseObject(whole) : null);
  if (json === null) return joined.trim() === '' && !/^\s*[{[]/.test(whole) ? 'nothing' : 'malformed';
  const type = typeof json['type'] === 'string' ? json['type'] : fromBytes(name);
  return UpstreamEvent.parsed(type, strict === null ? whole : joined, json);
}

function readFields(lines: readonly ByteString[]): Fields {
  const fields: Fields = { name: '', data: [], loose: [] };
  for (const line of lines) {
    if (line === '' || line.startsWith(':')) continue;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'event') fields.name = value;
    else if (field === 'data') fields.data.push(value);
    if (field === 'data') fields.loose.push(value);
    else if (field !== 'event' && field !== 'id' && field !== 'retry') fields.loose.push(line);
  }
  return fields;
}

/** JSON bytes → the object they are; null if they are anything else. */
export function parseObject(data: ByteString): JsonObject | null {
  try {
    const value: unknown = JSON.parse(fromBytes(data));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
