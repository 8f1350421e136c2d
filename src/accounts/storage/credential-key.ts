import { randomBytes, scryptSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Config } from '../../config/config.js';
import { SettingRepository } from '../../database/setting.repository.js';
import { IN_MEMORY } from '../../database/sqlite-file.js';
import { syncDirectory } from '../files/durable-file.js';
import { CredentialCipher } from './credential-cipher.js';

export const KEY_FINGERPRINT = 'encryption-key-fingerprint';
const KEY_BYTES = 32;
const MIN_PASSPHRASE = 16;
/** Fixed on purpose: replicas must come to the same key from the same words. */
const SALT = 'codex-proxy credentials v1';

/** The start ends here, with a message that says what to do. */
export class CredentialKeyError extends Error {
  override readonly name = 'CredentialKeyError';
}

type KeyConfig = Pick<Config, 'encryptionKey' | 'databaseDriver' | 'dbPath'>;

/** The cipher of this database. @throws CredentialKeyError when the key is missing, too weak, or not the one the rows are sealed with. */
export async function openCipher(config: KeyConfig, settings: SettingRepository): Promise<CredentialCipher> {
  const known = await settings.find(KEY_FINGERPRINT);
  const cipher = new CredentialCipher(config.encryptionKey ? deriveKey(config.encryptionKey) : await keyBeside(config, known !== null));
  const stored = await settings.putIfAbsent(KEY_FINGERPRINT, cipher.fingerprint);
  if (stored !== cipher.fingerprint) {
    const source = config.encryptionKey ? 'encryption-key' : keyPath(config);
    throw new CredentialKeyError(
      `${source} is not the key that the accounts in this database are encrypted with (fingerprint ${cipher.fingerprint.slice(0, 8)}…, ` +
        `expected ${stored.slice(0, 8)}…). Give the former key, or start with an empty database and import the accounts again.`,
    );
  }
  return cipher;
}

/** 32 bytes as base64 are the key itself; any other text of at least 16 characters is stretched into one. */
export function deriveKey(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const isBase64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(text);
  if (isBase64 && bytes.length === KEY_BYTES) return bytes;
  if (text.length < MIN_PASSPHRASE) {
    throw new CredentialKeyError(`encryption-key must have at least ${MIN_PASSPHRASE} characters (for example: openssl rand -base64 32)`);
  }
  return scryptSync(text, SALT, KEY_BYTES, { N: 1 << 14, r: 8, p: 1 });
}

const keyPath = (config: KeyConfig): string => `${config.dbPath}.key`;

async function keyBeside(config: KeyConfig, databaseIsSealed: boolean): Promise<Buffer> {
  if (config.databaseDriver === 'postgres') {
    throw new CredentialKeyError(
      'with Postgres, encryption-key must be given (CODEX_PROXY_ENCRYPTION_KEY or …_FILE), the same one for every replica; ' +
        'for example: openssl rand -base64 32',
    );
  }
  if (config.dbPath === IN_MEMORY) return randomBytes(KEY_BYTES);
  const path = keyPath(config);
  if (!existsSync(path)) {
    if (databaseIsSealed) {
      throw new CredentialKeyError(`${path} is missing, and the accounts in ${config.dbPath} are encrypted with it. Restore it.`);
    }
    await createKeyFile(path);
  }
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
  if (key.length !== KEY_BYTES) throw new CredentialKeyError(`${path} does not hold a key (32 bytes as base64)`);
  return key;
}

/** Written whole before it gets its name, which only one of several processes can give: all of them then read the same key. */
async function createKeyFile(path: string): Promise<void> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(dirname(path));
}
