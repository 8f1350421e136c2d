import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { contentHash } from './account-directory.js';
import { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRegistry } from './account-file-registry.js';
import { AccountFileRepository } from './account-file.repository.js';
import { syncDirectory } from './durable-file.js';

const MAX_NAMES = 1_000;

/**
 * Takes the file of a lost login out of auth-dir's sight: `NAME.json` becomes `NAME.json.disabled`. Nothing is deleted or overwritten. A
 * file stays where it is when it holds other accounts too, when somebody has changed it since it was read (it may hold a new login), and
 * when it is a link.
 */
@Injectable()
export class AccountFileDisabler {
  private readonly logger = new Logger('AccountFiles');
  private readonly directory: string;

  constructor(
    private readonly repository: AccountFileRepository,
    private readonly registry: AccountFileRegistry,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.directory = config.authDir === '' ? '' : resolve(config.authDir);
  }

  /**
   * The account must be out of service in the database already: a file that vanishes pauses an active account. Returns the new names;
   * rejects when the database or the directory does not take the change.
   */
  async disable(accountId: string): Promise<string[]> {
    if (this.directory === '') return [];
    const rows = await this.repository.findByAccount(accountId);
    const names: string[] = [];
    for (const row of rows.filter(({ path, single }) => single && path.startsWith(this.directory + sep))) {
      const name = await this.rename(row);
      if (name !== null) names.push(name);
    }
    return names;
  }

  private async rename({ path, contentHash: hash, accountId }: AccountFileEntity): Promise<string | null> {
    const entry = await lstat(path).catch(() => null);
    if (!entry?.isFile() || contentHash(await readFile(path)) !== hash) return null;
    const target = await reserve(path);
    try {
      await rename(path, target);
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
    // A scan that was quicker has done the same, and has paused nobody: the account is out of service.
    await this.registry.remove(path, this.clock.now());
    this.logger.warn({ msg: 'account file was disabled: its login is lost', file: basename(path), to: basename(target), accountId });
    return basename(target);
  }
}

/** An empty file of a name that nobody has, to be replaced: a rename alone would overwrite what is there. */
async function reserve(path: string): Promise<string> {
  const stem = path.replace(/\.json$/, '');
  for (let n = 1; n <= MAX_NAMES; n++) {
    const target = n === 1 ? `${stem}.json.disabled` : `${stem}.${n}.json.disabled`;
    try {
      await (await open(target, 'wx', 0o600)).close();
      return target;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new Error(`${basename(path)} was disabled ${MAX_NAMES} times already`);
}
