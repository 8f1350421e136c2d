import { JsonObject } from './json.js';

/** How events are put on the wire: `lf` is what the backend does; the others are seen behind proxies or allowed by the format. */
export type Framing = 'lf' | 'crlf' | 'cr' | 'data-only' | 'no-space' | 'multi-line' | 'wrong-name';

export const FRAMINGS: readonly Framing[] = ['lf', 'crlf', 'cr', 'data-only', 'no-space', 'multi-line', 'wrong-name'];

export function encodeEvent(json: JsonObject, framing: Framing): string {
  const type = String(json.type);
  const data = JSON.stringify(json);
  switch (framing) {
    case 'lf':
      return `event: ${type}\ndata: ${data}\n\n`;
    case 'crlf':
      return `event: ${type}\r\ndata: ${data}\r\n\r\n`;
    case 'cr':
      return `event: ${type}\rdata: ${data}\r\r`;
    case 'data-only':
      return `data: ${data}\n\n`;
    case 'no-space':
      return `event:${type}\ndata:${data}\n\n`;
    case 'multi-line':
      return `event: ${type}\n${JSON.stringify(json, null, 1).replace(/^/gm, 'data: ')}\n\n`;
    case 'wrong-name':
      return `event: message\ndata: ${data}\n\n`;
  }
}

export function framingOf(name: string): Framing {
  const framing = FRAMINGS.find((entry) => entry === name);
  if (!framing) throw new Error(`sandbox: framing must be one of ${FRAMINGS.join(', ')}`);
  return framing;
}
