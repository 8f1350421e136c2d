import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { crashPoint } from '../../common/crash-points.js';
import { contentHash } from './account-directory.js';
import { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRegistry } from './account-file-registry.js';
import { AccountFileRepository } from './account-file.repository.js';
import { FileTokens, rewriteAccountFile } from './account-file-rewrite.js';
import { tokenHashOf } from './account-record.js';
import { syncDirectory } from './durable-file.js';

const DRAFT = /^\..+\.json\.[\da-f]{8}\.tmp$/;

/** Drafts that were begun before `before` (epoch ms) and never finished: they hold tokens, and nobody will use them. Never rejects. */
export async function removeDrafts(directory: string, before: number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((entry) => DRAFT.test(entry))) {
    const path = join(directory, name);
    const seen = await stat(path).catch(() => null);
    if (seen && seen.mtimeMs < before) await rm(path, { force: true }).catch(() => undefined);
  }
}

/**
 * Puts renewed tokens into the file they came from, so that the files stay a live backup of the database. Only into a
 * single-account file that still is, by hash, the one last read: whoever has changed it meanwhile knows better.
 */
@Injectable()
export class AccountFileWriter {
  private readonly logger = new Logger('AccountFiles');
  /** One refusal of the file system is told once, not for each of thousands of files. */
  private readonly refused = new Set<string>();

  constructor(
    private readonly repository: AccountFileRepository,
    private readonly registry: AccountFileRegistry,
    private readonly clock: Clock,
  ) {}

  /** False: it has to be tried again. Never rejects. */
  async writeBack(directory: string, accountId: string, tokens: FileTokens): Promise<boolean> {
    try {
      const rows = await this.repository.findByAccount(accountId);
      for (const row of rows.filter(({ path, single }) => single && path.startsWith(directory + sep))) await this.writeInto(row, tokens);
      return true;
    } catch (error) {
      this.complain(error, accountId);
      return false;
    }
  }

  private async writeInto(row: AccountFileEntity, tokens: FileTokens): Promise<void> {
    const entry = await lstat(row.path).catch(() => null);
    if (!entry?.isFile()) return;
    const former = await readFile(row.path, 'utf8');
    if (contentHash(former) !== row.contentHash) return;
    const text = rewriteAccountFile(former, tokens);
    if (text === null || text === former) return;
    const hash = contentHash(text);
    await this.replace(row, text, hash, entry);
    const tokenHash = tokens.refreshToken || tokens.accessToken ? tokenHashOf(tokens.refreshToken || tokens.accessToken) : row.tokenHash;
    await this.repository.updateContent(row.path, row.accountId, row.contentHash, {
      contentHash: hash,
      tokenHash,
      seenAt: this.clock.now(),
    });
  }

  /** Whole or not at all, and on disk before it takes the name of the old file. */
  private async replace(row: AccountFileEntity, text: string, hash: string, owner: { uid: number; gid: number }): Promise<void> {
    const directory = dirname(row.path);
    const known = this.registry.get(row.path)?.hash ?? row.contentHash;
    const draft = join(directory, `.${basename(row.path)}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      const handle = await open(draft, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        if (process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
        await handle.sync();
      } finally {
        await handle.close();
      }
      // As late as possible: nothing can make the comparison and the rename one step.
      if (contentHash(await readFile(row.path)) !== row.contentHash) throw new Error('the file has changed meanwhile');
      this.registry.expect(row.path, hash);
      crashPoint('write-back');
      await rename(draft, row.path);
    } catch (error) {
      if (this.registry.get(row.path)?.hash === hash) this.registry.expect(row.path, known);
      await rm(draft, { force: true });
      throw error;
    }
    await syncDirectory(directory);
  }

  private complain(error: unknown, accountId: string): void {
    const code = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
    if (this.refused.has(code)) return;
    if (this.refused.size < 100) this.refused.add(code);
    this.logger.warn({
      msg: 'renewed tokens are in the database but could not be written back to the account file',
      accountId,
      error: code,
    });
  }
}
