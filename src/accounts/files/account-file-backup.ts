import { resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AccountsService } from '../accounts.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRepository } from './account-file.repository.js';
import { AccountFileWriter, removeDrafts } from './account-file-writer.js';
import { tokenHashOf } from './account-record.js';

const FIRST_PAUSE_MS = 2_000;
const ROUND_MS = 15_000;
/** After a refusal; each one doubles it, since a mounted secret never takes anything. */
const REFUSED_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 120_000;
const PAGE = 500;
/** So many refusals say that the directory is at fault, not a file. */
const PATIENCE = 3;
/** A process that was killed while it wrote may have left its drafts; one that lives needs less for each. */
const DRAFT_LIFE_MS = 60_000;
const SWEEPING_ROUNDS: ReadonlySet<number> = new Set([1, 8]);

interface Renewed {
  readonly id: string;
  readonly lastRefreshAt: number;
}

type Outcome = 'written' | 'refused' | 'settled';

/**
 * Writes renewed tokens into account files that have missed them: the directory was full or read-only when they were renewed, or the
 * process ended between the database and the file. Asks the database only about accounts that were renewed since they were last looked at.
 */
@Injectable()
export class AccountFileBackup implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('AccountFiles');
  private readonly directory: string;
  /** Account → the renewal for which nothing is left to be done in its files. */
  private readonly settled = new Map<string, number>();
  private rounds = 0;
  private timer: NodeJS.Timeout | null = null;
  private refusals = 0;
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    { authDir, authDirWriteBack }: Config,
    private readonly files: AccountFileRepository,
    private readonly accounts: AccountsService,
    private readonly pool: AccountPool,
    private readonly writer: AccountFileWriter,
  ) {
    this.directory = authDir === '' || !authDirWriteBack ? '' : resolve(authDir);
    pool.onRemoved((id) => this.settled.delete(id));
  }

  onApplicationBootstrap(): void {
    if (this.directory !== '') this.schedule(FIRST_PAUSE_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  /** One round over all accounts. Never rejects. */
  async catchUp(): Promise<void> {
    if (SWEEPING_ROUNDS.has(++this.rounds)) await removeDrafts(this.directory, Date.now() - DRAFT_LIFE_MS);
    const count = { written: 0, refused: 0, settled: 0 };
    const due = this.due();
    try {
      for (let start = 0; start < due.length; start += PAGE) {
        await this.bringPage(due.slice(start, start + PAGE), count);
        if (count.refused >= PATIENCE || this.closed) break;
        await setImmediate();
      }
    } catch {
      // The database is away; it has the tokens, and the next round asks again.
      count.refused++;
    }
    if (count.written > 0)
      this.logger.log({ msg: 'renewed tokens were written to account files that had missed them', files: count.written });
    this.refusals = count.refused > 0 && count.written === 0 ? this.refusals + 1 : 0;
  }

  private get pauseMs(): number {
    return this.refusals === 0 ? ROUND_MS : Math.min(REFUSED_PAUSE_MS * 2 ** (this.refusals - 1), LONGEST_PAUSE_MS);
  }

  private due(): Renewed[] {
    const due: Renewed[] = [];
    for (const { id, lastRefreshAt, state, ownership } of this.pool.all()) {
      if (ownership !== 'owned' || (state !== 'active' && state !== 'paused')) continue;
      if (this.settled.get(id) !== lastRefreshAt) due.push({ id, lastRefreshAt });
    }
    return due;
  }

  private async bringPage(page: readonly Renewed[], count: Record<Outcome, number>): Promise<void> {
    const files = Map.groupBy(await this.files.findSingle(page.map(({ id }) => id)), ({ accountId }) => accountId);
    for (const account of page) {
      if (count.refused >= PATIENCE || this.closed) return;
      count[await this.bring(account, files.get(account.id) ?? [])]++;
    }
  }

  /** A file that was read or written after the renewal has its tokens, or those that somebody has put there since. */
  private async bring({ id, lastRefreshAt }: Renewed, files: readonly AccountFileEntity[]): Promise<Outcome> {
    let outcome: Outcome = 'settled';
    for (const file of files.filter(({ path, seenAt }) => seenAt < lastRefreshAt && path.startsWith(this.directory + sep))) {
      const one = await this.bringFile(file);
      if (one === 'refused') return one;
      if (one === 'written') outcome = one;
    }
    this.settled.set(id, lastRefreshAt);
    return outcome;
  }

  private async bringFile({ accountId, tokenHash }: AccountFileEntity): Promise<Outcome> {
    let written = tokenHash;
    // Renewed again meanwhile: what was written is old, and once more.
    for (;;) {
      const tokens = await this.accounts.tokensOf(accountId);
      const newest = tokens && tokenHashOf(tokens.refreshToken || tokens.accessToken);
      if (!tokens || newest === null || newest === written) break;
      if (!(await this.writer.writeBack(this.directory, accountId, tokens))) return 'refused';
      written = newest;
    }
    return written === tokenHash ? 'settled' : 'written';
  }

  private schedule(pauseMs: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.catchUp().finally(() => this.schedule(this.pauseMs));
    }, pauseMs);
    this.timer.unref();
  }
}
