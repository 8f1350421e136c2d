import { createCipheriv, createDecipheriv, createHmac, createSecretKey, KeyObject, randomBytes } from 'node:crypto';

/** Which secret of an account: bound into the envelope, so that one cannot be put in the place of another. */
export type SecretField = 'access_token' | 'refresh_token' | 'id_token' | 'rescue';

const VERSION = 'v1.';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed secret cannot be opened: another key, another account's text, or a damaged row. */
export class SealedSecretError extends Error {
  override readonly name = 'SealedSecretError';
}

/**
 * Seals secrets at rest: AES-256-GCM over the text, with account id and field name as associated data.
 * Envelope: `v1.` + base64url(iv, tag, ciphertext). The empty string means "no secret" and stays empty.
 */
export class CredentialCipher {
  /** Identifies the key without revealing anything of it. */
  readonly fingerprint: string;

  /** As an object, the key is set up once and not for each of 60 000 secrets. */
  private readonly key: KeyObject;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.key = createSecretKey(key);
    this.fingerprint = createHmac('sha256', key).update('codex-proxy key fingerprint').digest('hex').slice(0, 32);
  }

  seal(accountId: string, field: SecretField, secret: string): string {
    if (secret === '') return '';
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(associated(accountId, field));
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return VERSION + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
  }

  /** @throws SealedSecretError, whose message holds nothing of the secret. */
  open(accountId: string, field: SecretField, sealed: string): string {
    if (sealed === '') return '';
    if (!sealed.startsWith(VERSION)) throw new SealedSecretError(`${field} of account ${accountId} is sealed in an unknown way`);
    const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(associated(accountId, field))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new SealedSecretError(`${field} of account ${accountId} cannot be opened with the present encryption key`);
    }
  }
}

const associated = (accountId: string, field: SecretField): Buffer => Buffer.from(`${accountId}:${field}`, 'utf8');
