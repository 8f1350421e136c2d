import { createHash } from 'node:crypto';

const VERSION = 0x80;
const HEAD = 1 + 8 + 16; // version, time, initialisation vector
const MAC = 32;
const BLOCK = 16;

const hash = (...parts: (string | Buffer)[]): Buffer => {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return sha.digest();
};

/**
 * What `encrypted_content` looks like (a Fernet token: `gAAAA…`, base64url, 57 bytes + n × 16) and does (only the
 * ChatGPT account that issued it can use it). Nothing is hidden in it: the first block names the issuer.
 */
export class CiphertextMint {
  constructor(private readonly seed: string) {}

  /** `about` makes the text differ from turn to turn; `blocks` is its length in 16-byte blocks. */
  seal(accountId: string, about: string, atSec: number, blocks = 8): string {
    const size = Math.max(1, blocks) * BLOCK;
    const body = Buffer.alloc(HEAD + size);
    body[0] = VERSION;
    body.writeBigUInt64BE(BigInt(atSec), 1);
    hash(this.seed, about, 'iv').copy(body, 9, 0, BLOCK);
    this.#issuer(accountId).copy(body, HEAD);
    for (let at = HEAD + BLOCK, i = 0; at < body.length; at += BLOCK, i++) hash(about, String(i)).copy(body, at, 0, BLOCK);
    return pad(Buffer.concat([body, this.#mac(body)]).toString('base64url'));
  }

  /** Whether this backend issued the text, unaltered, for this account. */
  opens(accountId: string, text: string): boolean {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length < HEAD + BLOCK + MAC || (bytes.length - HEAD - MAC) % BLOCK !== 0 || bytes[0] !== VERSION) return false;
    const body = bytes.subarray(0, bytes.length - MAC);
    return body.subarray(HEAD, HEAD + BLOCK).equals(this.#issuer(accountId)) && bytes.subarray(-MAC).equals(this.#mac(body));
  }

  #issuer(accountId: string): Buffer {
    return hash(this.seed, 'issuer', accountId).subarray(0, BLOCK);
  }

  #mac(body: Buffer): Buffer {
    return hash(this.seed, 'mac', body);
  }
}

const pad = (text: string): string => text + '='.repeat((4 - (text.length % 4)) % 4);
