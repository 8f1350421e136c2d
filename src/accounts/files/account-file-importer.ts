import { setImmediate } from 'node:timers/promises';
import { basename } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { eachConcurrently, FileContent, readAccountFile, Signature } from './account-directory.js';
import { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRegistry, RecordedFile } from './account-file-registry.js';
import { AccountFileRepository } from './account-file.repository.js';
import { ParsedImport, parseAccounts } from './account-import.js';
import { isProvisional } from './account-record.js';
import { REASON } from '../storage/account-row.js';
import { AccountsService, ImportedAccount } from '../accounts.service.js';

/** On SQLite a batch is one synchronous write: requests wait for it, and what it reads lives as long. */
const BATCH = 100;

export interface SeenFile {
  path: string;
  signature: Signature;
}

interface ReadFile extends SeenFile, FileContent {
  parsed: ParsedImport;
}

export interface ImportProgress {
  /** After each batch that is in database and pool. */
  onBatch?: (accounts: number) => void;
}

/** Reads files whose signature is new and takes their accounts in. */
@Injectable()
export class AccountFileImporter {
  private readonly logger = new Logger('AccountFiles');
  /** Path → hash of a malformed content seen once: perhaps somebody is still writing it. */
  private readonly doubtful = new Map<string, string>();

  constructor(
    private readonly registry: AccountFileRegistry,
    private readonly repository: AccountFileRepository,
    private readonly accounts: AccountsService,
    private readonly clock: Clock,
  ) {}

  /** @returns whether some files must be looked at again soon (half written, or an account whose tokens are being renewed). */
  async importFiles(files: readonly SeenFile[], progress: ImportProgress = {}): Promise<boolean> {
    let again = false;
    for (let start = 0; start < files.length; start += BATCH) {
      const batch = await this.readBatch(files.slice(start, start + BATCH));
      const settled = batch.filter((file) => this.isSettled(file));
      again ||= settled.length < batch.length;
      const { busy, count } = await this.takeIn(settled);
      again ||= busy;
      progress.onBatch?.(count);
      await setImmediate();
    }
    return again;
  }

  forget(path: string): void {
    this.doubtful.delete(path);
  }

  private async readBatch(files: readonly SeenFile[]): Promise<ReadFile[]> {
    const read: ReadFile[] = [];
    await eachConcurrently(files, async (file) => {
      try {
        const content = await readAccountFile(file.path);
        if (content && !(await this.isOldNews(file, content))) read.push({ ...file, ...content, parsed: parseAccounts(content.text) });
      } catch (error) {
        this.registry.rememberUnreadable(file.path, file.signature);
        this.logger.warn({ msg: 'account file cannot be read', file: basename(file.path), error: (error as NodeJS.ErrnoException).code });
      }
    });
    return read;
  }

  /** Touched, rewritten with the same content, written by ourselves, or returned as it was. */
  private async isOldNews(file: SeenFile, content: FileContent): Promise<boolean> {
    const known = this.registry.get(file.path);
    if (!known || known.hash !== content.hash) return false;
    if (known.removed) await this.welcomeBack(file, known.accountIds);
    // Another replica may have taken the file in after this one had read the accounts from the database.
    await this.accounts.loadMissing(known.accountIds);
    this.registry.touch(file.path, file.signature);
    return true;
  }

  private async welcomeBack(file: SeenFile, accountIds: readonly string[]): Promise<void> {
    const known = this.registry.get(file.path)!;
    // In this order: if the database fails in between, the next scan welcomes the file again.
    for (const id of accountIds) await this.resume(id);
    await this.repository.markReturned(file.path, accountIds, this.clock.now());
    known.removed = false;
  }

  private async resume(accountId: string): Promise<void> {
    const patch = { state: 'active', reason: '', evidence: '', since: this.clock.now(), until: 0 } as const;
    if (await this.accounts.changeState(accountId, 'paused', patch, REASON.fileRemoved)) {
      this.logger.log({ msg: 'account file is back, account resumed', accountId });
    }
  }

  /** Malformed content counts only when it looks the same twice. */
  private isSettled({ path, hash, parsed }: ReadFile): boolean {
    if (!parsed.malformed || this.doubtful.get(path) === hash) {
      this.doubtful.delete(path);
      return true;
    }
    this.doubtful.set(path, hash);
    return false;
  }

  private async takeIn(files: readonly ReadFile[]): Promise<{ busy: boolean; count: number }> {
    for (const file of files) this.report(file);
    const parsed = files.flatMap((file) => file.parsed.accounts);
    const imported = new Map<unknown, ImportedAccount>();
    for (const result of await this.accounts.importAccounts(parsed)) imported.set(result.parsed, result);
    const done: { file: ReadFile; results: ImportedAccount[] }[] = [];
    let busy = false;
    for (const file of files) {
      const results = file.parsed.accounts.map((account) => imported.get(account)!);
      if (results.some(({ result }) => result === 'busy')) busy = true;
      else done.push({ file, results });
    }
    for (const { file, results } of done) await this.follow(file, results);
    await this.registry.record(done.map(({ file, results }) => this.recordOf(file, results)));
    return { busy, count: parsed.length };
  }

  /** Accounts that the file held before and holds no longer are treated as if it had been removed; those of a removed file resume. */
  private async follow(file: ReadFile, results: readonly ImportedAccount[]): Promise<void> {
    const known = this.registry.get(file.path);
    if (!known) return;
    const now = new Set(results.map(({ accountId }) => accountId));
    // What is faulty may be the very account that is missing: only a flawless file says that it is gone.
    const gone = file.parsed.faults.length > 0 ? [] : known.accountIds.filter((id) => !now.has(id));
    await this.repository.markRemoved(file.path, gone, this.clock.now());
    // A bare token may well belong to the same account: its first refresh will tell.
    const anonymous = results.some(({ parsed }) => isProvisional(parsed.chatgptUserId));
    if (!anonymous) await this.pause(file.path, gone);
    if (known.removed) for (const id of now) await this.resume(id);
  }

  /** Pauses those of the accounts that no other file holds. */
  async pause(path: string, accountIds: readonly string[]): Promise<void> {
    const elsewhere = await this.repository.findHeldElsewhere(accountIds, path);
    for (const id of accountIds.filter((candidate) => !elsewhere.has(candidate))) {
      const since = this.clock.now();
      const patch = { state: 'paused', reason: REASON.fileRemoved, evidence: `${basename(path)} was removed`, since, until: 0 } as const;
      if (await this.accounts.changeState(id, 'active', patch)) {
        this.logger.warn({ msg: 'account file was removed, account paused', file: basename(path), accountId: id });
      }
    }
  }

  private recordOf(file: ReadFile, results: readonly ImportedAccount[]): RecordedFile {
    const seenAt = this.clock.now();
    const rows = new Map<string, AccountFileEntity>();
    for (const { accountId, parsed } of results) {
      const { path, hash: contentHash } = file;
      rows.set(accountId, { path, accountId, contentHash, tokenHash: parsed.tokenHash, single: file.parsed.single, seenAt, removedAt: 0 });
    }
    const keep = file.parsed.faults.length > 0 ? (this.registry.get(file.path)?.accountIds ?? []) : [];
    return { path: file.path, signature: file.signature, hash: file.hash, rows: [...rows.values()], keep };
  }

  /** Once per content: the same content is not read again. */
  private report({ path, parsed }: ReadFile): void {
    const file = basename(path);
    for (const { line, message } of parsed.faults) this.logger.warn({ msg: `account file ${file}, line ${line}: ${message}`, file, line });
    if (parsed.accounts.some(({ official, ownership }) => official && ownership === 'owned')) {
      const advice = 'this service renews its tokens now, so the CLI must not use the same login (set "ownership": "shared" if it must)';
      this.logger.warn({ msg: `account file ${file} is a login of the official CLI: ${advice}`, file });
    }
  }
}
