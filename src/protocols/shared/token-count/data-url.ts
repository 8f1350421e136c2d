/** A `data:` URL with base64 content, its bytes not decoded. */
export interface DataUrl {
  /** Lower case, without parameters; empty where the URL names none. */
  readonly mediaType: string;
  /** Where the base64 begins in the URL. */
  readonly start: number;
  /** Bytes of the content. */
  readonly size: number;
}

/** Longer headers are no headers. */
const HEADER_LENGTH = 256;
const HEADER = /^data:([^;,]*)(?:;[^,]*)?;base64,/i;

/** Bytes of the base64 text from `start` on. */
export function decodedSize(base64: string, start: number): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((base64.length - start - padding) * 0.75));
}

/** Null for anything else than a base64 `data:` URL. Looks at its first characters only. */
export function readDataUrl(url: string): DataUrl | null {
  const header = HEADER.exec(url.slice(0, HEADER_LENGTH));
  if (!header) return null;
  const start = header[0].length;
  return { mediaType: header[1]!.trim().toLowerCase(), start, size: decodedSize(url, start) };
}

/** The first `byteCount` bytes of base64 text from `start` on, fewer where it ends before. */
export function decodedHead(base64: string, start: number, byteCount: number): Buffer {
  return Buffer.from(base64.slice(start, start + Math.ceil(byteCount / 3) * 4), 'base64');
}
