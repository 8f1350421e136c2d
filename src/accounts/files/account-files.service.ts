import { FSWatcher, watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { DirectoryListing, isAccountFileName, listAccountFiles, Signature, someAccountFiles } from './account-directory.js';
import { AccountFileImporter, ImportProgress } from './account-file-importer.js';
import { AccountFileRegistry } from './account-file-registry.js';
import type { FileTokens } from './account-file-rewrite.js';
import { AccountFileWriter } from './account-file-writer.js';

/** Several events of one save come together. */
const EVENT_PAUSE_MS = 250;
/** With so many accounts the service can begin to answer. */
const FIRST_FILES = 50;
/** A half-written file is looked at again after this. */
const RECHECK_MS = 1_000;
/** The database was away. */
const RETRY_MS = 5_000;

/**
 * Keeps the accounts of auth-dir: every `*.json` is read at start, and what is new, changed, removed or back is followed
 * while the service runs, through file-system events and a full scan every `auth-scan-interval` seconds (network file
 * systems send no events). Trouble with the directory or the database is logged and tried again; it never throws.
 */
@Injectable()
export class AccountFilesService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('AccountFiles');
  private readonly directory: string;
  private readonly skipped = new Map<string, string>();
  private trouble = '';
  private watcher: FSWatcher | null = null;
  private timer: NodeJS.Timeout | null = null;
  private timerAt = Infinity;
  private running: Promise<void> | null = null;
  private again = false;
  /** Paths that events have named since the last look; null: everything is due. */
  private named: Set<string> | null = new Set();
  private closed = false;

  constructor(
    private readonly config: Config,
    private readonly registry: AccountFileRegistry,
    private readonly importer: AccountFileImporter,
    private readonly writer: AccountFileWriter,
    private readonly clock: Clock,
  ) {
    this.directory = config.authDir === '' ? '' : resolve(config.authDir);
  }

  /** The first scan, then watching. Resolves when every file is in; `progress` tells of each batch before. Rejects when the database is away. */
  async start(progress: ImportProgress = {}): Promise<void> {
    if (this.directory === '') return;
    await this.registry.load(this.directory, this.config.databaseDriver === 'sqlite');
    this.observe();
    // Looking at thousands of files takes a while; the first few are enough to begin with.
    await this.look(new Set(await someAccountFiles(this.directory, FIRST_FILES)), progress);
    await this.look(undefined, progress);
    this.schedule();
  }

  /** Looks at the whole directory now; a call during a scan causes one more after it. */
  scan(): Promise<void> {
    this.named = null;
    return this.followUp();
  }

  /** Writes renewed tokens back to the files they came from. Never rejects: the database has them already. */
  async writeBack(accountId: string, tokens: FileTokens): Promise<void> {
    if (this.directory !== '' && this.config.authDirWriteBack) await this.writer.writeBack(this.directory, accountId, tokens);
  }

  private followUp(): Promise<void> {
    if (this.directory === '' || this.closed) return Promise.resolve();
    this.again = true;
    this.running ??= this.runScans().finally(() => (this.running = null));
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    this.watcher?.close();
    this.watcher = null;
    await this.running;
  }

  private async runScans(): Promise<void> {
    let failed = false;
    while (this.again && !this.closed) {
      this.again = false;
      failed = false;
      try {
        this.observe();
        const only = this.named ?? undefined;
        this.named = new Set();
        await this.look(only);
      } catch (error) {
        failed = true;
        // What was named is due again, and more may have been missed.
        this.named = null;
        this.logger.warn({ msg: 'account files could not be taken in, trying again', error: messageOf(error) });
      }
    }
    this.schedule(failed ? RETRY_MS : undefined);
  }

  private async look(only?: ReadonlySet<string>, progress: ImportProgress = {}): Promise<void> {
    const listing = await this.list(only);
    if (!listing) return;
    if (!only) this.reportSkipped(listing.skipped);
    const changed: { path: string; signature: Signature }[] = [];
    for (const [path, signature] of listing.files) {
      const known = this.registry.get(path);
      if (known?.signature !== signature || known.removed) changed.push({ path, signature });
    }
    const recheck = await this.importer.importFiles(changed, progress);
    await this.followRemovals(listing, only);
    if (recheck) this.schedule(RECHECK_MS);
  }

  private async list(only?: ReadonlySet<string>): Promise<DirectoryListing | null> {
    try {
      const listing = await listAccountFiles(this.directory, only);
      const lost = listing.empty && this.registry.size > 0;
      this.setTrouble(lost ? 'holds no account files any more; its accounts stay in service' : '');
      return lost ? null : listing;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // A watch stays with the directory that is gone, also when another one takes its name.
      this.watcher?.close();
      this.watcher = null;
      this.setTrouble(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? messageOf(error)})`);
      return null;
    }
  }

  /** Only a directory that can be read and holds something says that a file is gone. */
  private async followRemovals({ files, skipped }: DirectoryListing, only?: ReadonlySet<string>): Promise<void> {
    for (const path of only ?? [...this.registry.paths()]) {
      const known = this.registry.get(path);
      if (!known || known.removed || !known.seenHere || files.has(path) || skipped.has(path)) continue;
      this.importer.forget(path);
      const accountIds = [...known.accountIds];
      // In this order: if the database fails in between, the next scan finds the file still to be followed.
      await this.importer.pause(path, accountIds);
      await this.registry.remove(path, this.clock.now());
    }
  }

  private reportSkipped(skipped: ReadonlyMap<string, string>): void {
    for (const [path, why] of skipped) {
      if (this.skipped.get(path) !== why) this.logger.warn({ msg: `account file is left out: it ${why}`, file: path });
    }
    this.skipped.clear();
    for (const [path, why] of skipped) this.skipped.set(path, why);
  }

  private setTrouble(trouble: string): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    if (trouble) this.logger.warn({ msg: `auth-dir ${this.directory} ${trouble}` });
    else this.logger.log({ msg: `auth-dir ${this.directory} is readable again` });
  }

  /** One watch for the whole directory; a missing directory is tried again with every scan. */
  private observe(): void {
    if (this.watcher || this.closed) return;
    try {
      const watcher = watch(this.directory, { persistent: false }, (_event, name) => {
        if (name === null) this.named = null;
        else if (isAccountFileName(name)) this.named?.add(join(this.directory, name));
        else return;
        this.schedule(EVENT_PAUSE_MS);
      });
      const stop = (): void => {
        watcher.close();
        if (this.watcher === watcher) this.watcher = null;
      };
      watcher.on('error', stop);
      this.watcher = watcher;
    } catch {
      this.watcher = null;
    }
  }

  /** The earlier of the planned scan and this one. */
  private schedule(delayMs = this.config.authScanInterval * 1_000): void {
    if (this.closed || delayMs === 0) return;
    const at = performance.now() + delayMs;
    if (this.timer && this.timerAt <= at) return;
    if (this.timer) clearTimeout(this.timer);
    this.timerAt = at;
    const whole = delayMs !== EVENT_PAUSE_MS;
    this.timer = setTimeout(() => {
      this.timer = null;
      void (whole ? this.scan() : this.followUp());
    }, delayMs);
    this.timer.unref();
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
