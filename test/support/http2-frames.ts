/** HTTP/2 as bytes, to say what no client would. */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [0, 1, 3, 4, 6, 8, 9] as const;
export const [END_STREAM, END_HEADERS] = [1, 4] as const;

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** An HPACK integer of 7 bits and more. */
const length = (value: number): number[] => {
  if (value < 127) return [value];
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
};

const text = (value: string): Buffer => Buffer.concat([Buffer.from(length(value.length)), Buffer.from(value, 'latin1')]);

/** Fields as literals. @param indexed whether the other side keeps them: the newest one is field 62 then. */
export const fields = (headers: Readonly<Record<string, string>>, indexed = false): Buffer =>
  Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([indexed ? 0x40 : 0]), text(name), text(value)]));

/** The newest field that the other side keeps, so many times. */
export const newestField = (times: number): Buffer => Buffer.alloc(times, 0x80 | 62);
