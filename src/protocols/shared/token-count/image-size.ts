export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
/** JPEG markers that begin a frame and carry its size: SOF0 to SOF15 without DHT, JPG and DAC. */
const isFrameMarker = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
/** Markers that stand alone: TEM, RST0 to RST7, SOI, and a fill byte. */
const isBareMarker = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

function jpegSize(head: Buffer): ImageSize | null {
  let at = 2;
  while (at + 9 <= head.length) {
    if (head[at] !== 0xff) return null;
    const marker = head[at + 1]!;
    if (isFrameMarker(marker)) return { height: head.readUInt16BE(at + 5), width: head.readUInt16BE(at + 7) };
    if (marker === 0xff) at += 1;
    else if (isBareMarker(marker)) at += 2;
    // A length below its own two bytes would be a step that leads nowhere.
    else at += 2 + Math.max(2, head.readUInt16BE(at + 2));
  }
  return null;
}

/** Lossy, lossless and extended WebP keep their size in three different ways. */
function webpSize(head: Buffer): ImageSize | null {
  if (head.length < 30) return null;
  const chunk = head.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
  if (chunk === 'VP8 ') return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
  if (chunk !== 'VP8L') return null;
  const bits = head.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function anySize(head: Buffer): ImageSize | null {
  if (head.length >= 24 && head.subarray(0, 8).equals(PNG)) return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  if (head.length >= 10 && head.toString('latin1', 0, 4) === 'GIF8') return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) };
  if (head[0] === 0xff && head[1] === 0xd8) return jpegSize(head);
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return webpSize(head);
  return null;
}

/** Pixels of a PNG, JPEG, GIF or WebP from the first bytes of the file, whatever its media type says; null where they do not tell. */
export function imageSize(head: Buffer): ImageSize | null {
  const size = anySize(head);
  return size && size.width > 0 && size.height > 0 ? size : null;
}
