import { isObject } from './json-body.js';

/** Told apart from other vendors' signatures, and from raw ciphertext (`gAAAA`), by these characters. */
const PREFIX = 'cxp1.';

/** Version, time and initialisation vector (25 bytes) and the authentication code (32) around blocks of 16. */
const FRAME_BYTES = 57;
const BLOCK_BYTES = 16;
const CIPHERTEXT = /^gAAAA[A-Za-z0-9_-]*(={0,2})$/;

/** What a signature of a thinking block carries. */
export interface SealedReasoning {
  /** The backend's ciphertext, copied byte for byte. */
  readonly encryptedContent: string;
  readonly itemId: string;
  readonly model: string;
  /** Tag of the account that can read the ciphertext; '' where it is not known. */
  readonly scope: string;
}

/**
 * Whether a text has the shape of the backend's ciphertext as a whole: base64url of 57 bytes + n × 16, n ≥ 1, whose first byte is
 * 0x80. What was cut off or belongs to another vendor is told from it; altered characters are not.
 */
function isCiphertext(text: string): boolean {
  const padding = CIPHERTEXT.exec(text)?.[1]?.length;
  if (padding === undefined || (padding > 0 && text.length % 4 !== 0)) return false;
  const digits = text.length - padding;
  const bytes = Math.floor((digits * 3) / 4);
  return digits % 4 !== 1 && bytes >= FRAME_BYTES + BLOCK_BYTES && (bytes - FRAME_BYTES) % BLOCK_BYTES === 0;
}

/** `signature` of a thinking block: what is needed to replay the reasoning. ASCII, and its JSON literal needs no escape. */
export function encodeSignature({ encryptedContent, itemId, model, scope }: SealedReasoning): string {
  const text = JSON.stringify({ id: itemId, model, scope, encrypted_content: encryptedContent });
  return PREFIX + Buffer.from(text).toString('base64url');
}

function unpack(packed: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(packed, 'base64url').toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The ciphertext in a signature that a client sends back: one of `encodeSignature`, or the backend's ciphertext itself, as other
 * gateways hand it out. null: anything else (another vendor's, empty, truncated), which the backend could not read. `scope`: the tag
 * of the only account that can read it; null where nothing is known of it.
 */
export function decodeSignature(signature: unknown): { encryptedContent: string; scope: string | null } | null {
  if (typeof signature !== 'string') return null;
  if (!signature.startsWith(PREFIX)) return isCiphertext(signature) ? { encryptedContent: signature, scope: null } : null;
  const { encrypted_content: encryptedContent, scope } = unpack(signature.slice(PREFIX.length)) ?? {};
  if (typeof encryptedContent !== 'string' || !isCiphertext(encryptedContent)) return null;
  return { encryptedContent, scope: typeof scope === 'string' && scope !== '' ? scope : null };
}
