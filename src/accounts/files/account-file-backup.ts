import { resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { AccountEntity } from '../storage/account.entity.js';
import { AccountRepository } from '../storage/account.repository.js';
import { CredentialCipher, SealedSecretError } from '../storage/credential-cipher.js';
import type { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRepository } from './account-file.repository.js';
import type { FileTokens } from './account-file-rewrite.js';
import { AccountFileWriter, removeDrafts } from './account-file-writer.js';
import { tokenHashOf } from './account-record.js';

const FIRST_PAUSE_MS = 2_000;
const ROUND_MS = 15_000;
/** After a refusal; each one doubles it, since a mounted secret never takes anything. */
const REFUSED_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 120_000;
const PAGE = 50;
/** So many refusals say that the directory is at fault, not a file. */
const PATIENCE = 3;
const MAX_SETTLED = 50_000;
/** A process that was killed while it wrote may have left its drafts; one that lives needs less for each. */
const DRAFT_LIFE_MS = 60_000;
const SWEEPING_ROUNDS: ReadonlySet<number> = new Set([1, 8]);

/**
 * Writes renewed tokens into account files that have missed them: the directory was full or read-only when they were renewed, or the
 * process ended between the database and the file.
 */
@Injectable()
export class AccountFileBackup implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('AccountFiles');
  private readonly directory: string;
  /** Path → the renewal for which nothing is left to be done there. */
  private readonly settled = new Map<string, number>();
  private rounds = 0;
  private timer: NodeJS.Timeout | null = null;
  private refusals = 0;
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    { authDir, authDirWriteBack }: Config,
    private readonly files: AccountFileRepository,
    private readonly accounts: AccountRepository,
    private readonly cipher: CredentialCipher,
    private readonly writer: AccountFileWriter,
  ) {
    this.directory = authDir === '' || !authDirWriteBack ? '' : resolve(authDir);
  }

  onApplicationBootstrap(): void {
    if (this.directory !== '') this.schedule(FIRST_PAUSE_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  /** One round over all files. Never rejects. */
  async catchUp(): Promise<void> {
    if (SWEEPING_ROUNDS.has(++this.rounds)) await removeDrafts(this.directory, Date.now() - DRAFT_LIFE_MS);
    const count = { written: 0, refused: 0, settled: 0 };
    try {
      for (let last = ''; ;) {
        const page = await this.files.findOlderThanTokens(last, PAGE);
        for (const file of page) if (count.refused < PATIENCE && !this.closed) count[await this.bring(file)]++;
        if (page.length < PAGE || count.refused >= PATIENCE || this.closed) break;
        last = page.at(-1)!.path;
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

  private async bring({ path, accountId, tokenHash }: AccountFileEntity): Promise<'written' | 'refused' | 'settled'> {
    if (!path.startsWith(this.directory + sep)) return 'settled';
    let written = tokenHash;
    // Renewed again meanwhile: what was written is old, and once more.
    for (let row = await this.accounts.findById(accountId); row; row = await this.accounts.findById(accountId)) {
      if (this.settled.get(path) === row.lastRefreshAt) break;
      const tokens = this.tokensOf(row);
      const newest = tokens && tokenHashOf(tokens.refreshToken || tokens.accessToken);
      if (tokens && newest !== written && !(await this.writer.writeBack(this.directory, accountId, tokens))) return 'refused';
      written = newest ?? written;
      // Written, or in no need of it, or changed by somebody since it was read.
      if (this.settled.size >= MAX_SETTLED) this.settled.clear();
      this.settled.set(path, row.lastRefreshAt);
    }
    return written === tokenHash ? 'settled' : 'written';
  }

  /** Null: they cannot be opened. */
  private tokensOf(row: AccountEntity): FileTokens | null {
    try {
      return {
        accessToken: this.cipher.open(row.id, 'access_token', row.accessToken),
        refreshToken: this.cipher.open(row.id, 'refresh_token', row.refreshToken),
        idToken: this.cipher.open(row.id, 'id_token', row.idToken),
        accessExpiresAt: row.accessExpiresAt,
        lastRefreshAt: row.lastRefreshAt,
        chatgptAccountId: row.chatgptAccountId,
        email: row.email,
      };
    } catch (error) {
      if (error instanceof SealedSecretError) return null;
      throw error;
    }
  }

  private schedule(pauseMs: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.catchUp().finally(() => this.schedule(this.pauseMs));
    }, pauseMs);
    this.timer.unref();
  }
}
