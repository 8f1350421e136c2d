import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeDatabases } from '../../../test/support/databases.js';
import { SettingRepository } from '../../database/setting.repository.js';
import { CredentialKeyError, deriveKey, openCipher } from './credential-key.js';

const directory = mkdtempSync(join(tmpdir(), 'codex-proxy-key-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeDatabases('the encryption key', (database) => {
  it('stops the start when it is not the one that the database is sealed with', async () => {
    const settings = new SettingRepository(await database.open());
    const config = { databaseDriver: database.type, dbPath: 'unused', encryptionKey: 'the first passphrase' };
    const { fingerprint } = await openCipher(config, settings);
    expect((await openCipher(config, settings)).fingerprint).toBe(fingerprint);
    const other = openCipher({ ...config, encryptionKey: 'another passphrase' }, settings);
    await expect(other).rejects.toThrow(/^encryption-key is not the key that the accounts in this database are encrypted with/);
    await expect(other).rejects.not.toThrow(/another passphrase/);
  });
});

describeDatabases('without an encryption key', (database) => {
  if (database.type === 'postgres') {
    it('Postgres refuses to start, because replicas must share one', async () => {
      const settings = new SettingRepository(await database.open());
      const start = openCipher({ databaseDriver: 'postgres', dbPath: '', encryptionKey: '' }, settings);
      await expect(start).rejects.toThrow(/encryption-key must be given/);
    });
    return;
  }

  it('SQLite gets one beside the database, once, readable by its owner only', async () => {
    const settings = new SettingRepository(await database.open());
    const config = { databaseDriver: 'sqlite' as const, dbPath: join(directory, 'a.db'), encryptionKey: '' };
    const ciphers = await Promise.all([1, 2, 3, 4].map(() => openCipher(config, settings)));
    expect(new Set(ciphers.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(statSync(`${config.dbPath}.key`).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(`${config.dbPath}.key`, 'utf8'), 'base64')).toHaveLength(32);
  });

  it('a lost key file is reported and not replaced', async () => {
    const settings = new SettingRepository(await database.open());
    const config = { databaseDriver: 'sqlite' as const, dbPath: join(directory, 'b.db'), encryptionKey: '' };
    await openCipher(config, settings);
    rmSync(`${config.dbPath}.key`);
    await expect(openCipher(config, settings)).rejects.toThrow(/b\.db\.key is missing/);
    await expect(openCipher(config, settings)).rejects.toThrow(CredentialKeyError);
  });
});

describe('deriveKey', () => {
  it('takes 32 bytes of base64 as they are and stretches any other text', () => {
    const bytes = Buffer.alloc(32, 7);
    expect(deriveKey(bytes.toString('base64'))).toEqual(bytes);
    expect(deriveKey('a passphrase of words')).toHaveLength(32);
    expect(deriveKey('a passphrase of words')).toEqual(deriveKey('a passphrase of words'));
    expect(() => deriveKey('too short')).toThrow(/at least 16 characters/);
  });
});
