/** A `data:` URL with base64 content, its bytes not decoded. */
export interface DataUrl {
  /** Lower case, without parameters; empty where the URL names none. */
  readonly mediaType: string;
  /** Where the base64 begins in the URL. */
  readonly start: number;
  /** Bytes of the content, give or take two. */
  readonly size: number;
}

/** Longer headers are no headers. */
const HEADER_LENGTH = 256;
const HEADER = /^data:([^;,]*)(?:;[^,]*)?;base64,/i;

/** Null for anything else than a base64 `data:` URL. Looks at its first characters only. */
export function readDataUrl(url: string): DataUrl | null {
  const header = HEADER.exec(url.slice(0, HEADER_LENGTH));
  if (!header) return null;
  const start = header[0].length;
  return { mediaType: header[1]!.trim().toLowerCase(), start, size: Math.floor((url.length - start) * 0.75) };
}

/** The first `byteCount` bytes of base64 text from `start` on, fewer where it ends before. */
export function decodedHead(base64: string, start: number, byteCount: number): Buffer {
  return Buffer.from(base64.slice(start, start + Math.ceil(byteCount / 3) * 4), 'base64');
}
