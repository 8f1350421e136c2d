/** HTTP/1.1 framing of the prepared answers. */
export const LAST_CHUNK = '0\r\n\r\n';
const BLOCK = 16_384;

export const httpChunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** One HTTP chunk per event, as a live backend flushes them. */
export const eventChunks = (events: readonly string[]): Buffer => Buffer.from(events.map(httpChunk).join('') + LAST_CHUNK);

/** The same bytes in 16 KB chunks. */
export function blockChunks(events: readonly string[]): Buffer {
  const all = Buffer.from(events.join(''));
  const out: Buffer[] = [];
  for (let i = 0; i < all.length; i += BLOCK) {
    const block = all.subarray(i, i + BLOCK);
    out.push(Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n'));
  }
  return Buffer.concat([...out, Buffer.from(LAST_CHUNK)]);
}

/** The payload of a complete chunked body; throws when it is cut short. */
export function unchunk(body: Buffer): Buffer {
  const out: Buffer[] = [];
  for (let i = 0; ;) {
    const lineEnd = body.indexOf('\r\n', i);
    if (lineEnd < 0) throw new Error('chunked body cut short');
    const size = parseInt(body.toString('latin1', i, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('bad chunk size');
    if (size === 0) return Buffer.concat(out);
    out.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    i = lineEnd + 4 + size;
  }
}

export const jsonAnswer = (status: string, text: string): Buffer =>
  Buffer.from(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);

/** Head of a Codex answer, with the rate-limit family that every pool proxy reads. */
export const SSE_HEAD = [
  'HTTP/1.1 200 OK',
  'content-type: text/event-stream; charset=utf-8',
  'transfer-encoding: chunked',
  'cache-control: no-cache',
  'x-request-id: 5f0c2f2e-6c4d-4c93-9a43-7a1f6f6f2c11',
  'openai-model: gpt-5.4',
  'openai-processing-ms: 212',
  'openai-version: 2020-10-01',
  'x-models-etag: W/"a1b2c3d4"',
  'x-codex-plan-type: plus',
  'x-codex-primary-used-percent: 12',
  'x-codex-primary-window-minutes: 300',
  'x-codex-primary-reset-after-seconds: 9000',
  'x-codex-primary-reset-at: 1890000000',
  'x-codex-secondary-used-percent: 3',
  'x-codex-secondary-window-minutes: 10080',
  'x-codex-secondary-reset-after-seconds: 400000',
  'x-codex-secondary-reset-at: 1890400000',
  'x-codex-credits-has-credits: False',
  'x-codex-credits-unlimited: False',
  'cf-ray: 8f0c2f2e6c4d4c93-AMS',
  'server: cloudflare',
  '',
  '',
].join('\r\n');
