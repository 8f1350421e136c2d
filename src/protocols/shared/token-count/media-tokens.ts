import { decodedHead, decodedSize, readDataUrl } from './data-url.js';
import { imageSize } from './image-size.js';

/** The vendor's models see images in patches of 32 × 32 pixels, and shrink an image that has more than these. */
const PATCH_PIXELS = 32;
const MAX_IMAGE_TOKENS = 1536;
/** An image whose size is not known: by address, or in a format that we do not read. */
export const UNKNOWN_IMAGE_TOKENS = 800;
/** A JPEG may have its preview and colour profile, each up to 64 KiB a segment, before its size. */
const IMAGE_HEADS = [64, 256 * 1024];

export const PAGE_TOKENS = 1500;
/** Pages are counted in this much of a file, and the rest is taken to be like it. */
const PDF_SAMPLE = 1024 * 1024;
/** A page of a file whose page objects are compressed, so that they cannot be counted. */
const PDF_PAGE_BYTES = 50_000;
const PAGE = Buffer.from('/Page');
/** `/Type /Page` and `/Type/Page`, but not `/Pages`. */
const PAGE_OBJECT = /\/Type\s{0,4}\/Page[^A-Za-z]$/;
/** More hits than any document has pages: a file made of nothing else must not take long. */
const MAX_PAGE_HITS = 5000;
const BYTES_PER_TOKEN = 4;

/** Tokens of an image of which `base64` from `start` on is the file. Decodes no more than the header that has its size. */
export function base64ImageTokens(base64: string, start: number): number {
  for (const byteCount of IMAGE_HEADS) {
    const size = imageSize(decodedHead(base64, start, byteCount));
    if (size) return Math.min(MAX_IMAGE_TOKENS, Math.ceil(size.width / PATCH_PIXELS) * Math.ceil(size.height / PATCH_PIXELS));
  }
  return UNKNOWN_IMAGE_TOKENS;
}

/** Tokens of an image by its address: a `data:` URL by what is in it, any other by the flat rate. */
export function imageTokens(url: unknown): number {
  const data = typeof url === 'string' ? readDataUrl(url) : null;
  return data ? base64ImageTokens(url as string, data.start) : UNKNOWN_IMAGE_TOKENS;
}

function pageObjects(head: Buffer): number {
  let pages = 0;
  let hits = 0;
  for (let at = head.indexOf(PAGE); at >= 0 && hits < MAX_PAGE_HITS; hits++, at = head.indexOf(PAGE, at + PAGE.length)) {
    if (PAGE_OBJECT.test(head.toString('latin1', Math.max(0, at - 9), at + PAGE.length + 1))) pages++;
  }
  return pages;
}

function pdfPages(head: Buffer, size: number): number {
  const counted = pageObjects(head) * Math.max(1, size / head.length);
  return Math.max(1, Math.ceil(counted > 0 ? counted : size / PDF_PAGE_BYTES));
}

/** What is known of an attached file without fetching it: its `file_data`, a `data:` URL or bare base64. */
export function documentTokens(fileData: unknown): number {
  if (typeof fileData !== 'string') return PAGE_TOKENS;
  const { mediaType, start, size } = readDataUrl(fileData) ?? { mediaType: '', start: 0, size: decodedSize(fileData, 0) };
  if (mediaType.startsWith('image/')) return base64ImageTokens(fileData, start);
  if (mediaType === 'application/pdf' || decodedHead(fileData, start, 6).toString('latin1').startsWith('%PDF')) {
    const head = decodedHead(fileData, start, PDF_SAMPLE);
    return head.length === 0 ? PAGE_TOKENS : pdfPages(head, size) * PAGE_TOKENS;
  }
  return size / BYTES_PER_TOKEN;
}
