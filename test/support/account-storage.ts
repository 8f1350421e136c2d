import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { AccountChangeWriter } from '../../src/accounts/storage/account-change.writer.js';
import { AccountFileImporter } from '../../src/accounts/files/account-file-importer.js';
import { AccountFileRegistry } from '../../src/accounts/files/account-file-registry.js';
import { AccountFileWriter } from '../../src/accounts/files/account-file-writer.js';
import { AccountFileRepository } from '../../src/accounts/files/account-file.repository.js';
import { AccountFilesService } from '../../src/accounts/files/account-files.service.js';
import { AccountLoader } from '../../src/accounts/account-loader.service.js';
import { AccountPool } from '../../src/accounts/pool/account-pool.service.js';
import { AccountRepository } from '../../src/accounts/storage/account.repository.js';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { CiphertextOwnerRepository } from '../../src/accounts/storage/ciphertext-owner.repository.js';
import { CooldownRepository } from '../../src/accounts/storage/cooldown.repository.js';
import { CredentialCipher } from '../../src/accounts/storage/credential-cipher.js';
import { ModelRefusalRepository } from '../../src/accounts/storage/model-refusal.repository.js';
import type { Clock } from '../../src/common/clock.js';
import type { Config } from '../../src/config/config.js';
import { FakeClock } from './fake-clock.js';

/** One replica's storage of accounts, put together as the module does it. */
export function accountStorage(dataSource: DataSource, config: Config, clock: Clock = new FakeClock()) {
  const cipher = new CredentialCipher(Buffer.alloc(32, 7));
  const accounts = new AccountRepository(dataSource);
  const fileRows = new AccountFileRepository(dataSource);
  const cooldowns = new CooldownRepository(dataSource);
  const owners = new CiphertextOwnerRepository(dataSource);
  const refusals = new ModelRefusalRepository(dataSource);
  const pool = new AccountPool(config, clock);
  const service = new AccountsService(accounts, fileRows, cipher, pool, clock);
  const registry = new AccountFileRegistry(fileRows);
  const importer = new AccountFileImporter(registry, fileRows, service, clock);
  const files = new AccountFilesService(config, registry, importer, new AccountFileWriter(fileRows, registry, clock), clock);
  const changes = new AccountChangeWriter(accounts, cooldowns, owners, service, clock, refusals);
  const loader = new AccountLoader(service, cooldowns, files, pool, clock);
  return { cipher, accounts, fileRows, cooldowns, owners, refusals, pool, service, files, changes, loader, clock };
}

export type AccountStorage = ReturnType<typeof accountStorage>;

/** A directory that is gone with the file's tests. */
export async function temporaryDirectory(): Promise<{ path: string; remove: (this: void) => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'codex-proxy-files-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
