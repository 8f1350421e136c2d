import { randomBytes } from 'node:crypto';
import { FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { syncDirectory } from '../accounts/files/durable-file.js';
import { IN_MEMORY } from '../database/sqlite-file.js';
import { Config } from '../config/config.js';
import { messageOf } from './message-of.js';
import { parseRescue, Rescue } from './rescue-file.js';

/** Three sealed tokens with room to spare; a longer rescue makes the file grow, if it can. */
const PLACE_BYTES = 16_384;
const SUFFIX = '.reserve';
/** The first line of a place that holds nothing. */
const EMPTY = 'empty';
/** No room, or nothing can be written at all: new tokens could not be kept here either. Other faults say nothing of that. */
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/**
 * Room on the disk that was taken before the vendor was asked, so that its answer can be kept when database and disk have become full
 * meanwhile. SQLite only: there one full disk takes both. A place is a file whose blocks exist; it is overwritten where it stands.
 */
@Injectable()
export class RescueReserve {
  private readonly logger = new Logger(RescueReserve.name);
  private readonly directory: string | null;
  private readonly free: string[] = [];
  private readonly held = new Map<string, string>();
  private short = false;

  constructor(private readonly config: Config) {
    const onDisk = config.databaseDriver === 'sqlite' && config.dbPath !== IN_MEMORY;
    this.directory = onDisk ? join(dirname(config.dbPath), 'rescue-reserve') : null;
  }

  /** Holds a place for the account until it is given back. False: there is no room, so no token must be spent now. Never rejects. */
  async take(accountId: string): Promise<boolean> {
    if (!this.directory || this.held.has(accountId)) return true;
    try {
      this.held.set(accountId, this.free.pop() ?? (await this.create(this.directory)));
      this.tell(false);
      return true;
    } catch (error) {
      const full = NO_ROOM.has(codeOf(error));
      if (full) this.tell(true);
      return !full;
    }
  }

  /** Durable when it resolves. Rejects when no place is held or the disk takes nothing at all. */
  async fill(accountId: string, rescue: Rescue): Promise<void> {
    const place = this.held.get(accountId);
    if (place === undefined) throw new Error('there is no reserved place');
    await overwrite(place, JSON.stringify(rescue));
  }

  /** The place is empty again, for the next one. Never rejects. */
  async giveBack(accountId: string, filled: boolean): Promise<void> {
    const place = this.held.get(accountId);
    if (place === undefined) return;
    this.held.delete(accountId);
    try {
      if (filled) await overwrite(place, EMPTY);
      if (this.free.length < this.config.refreshConcurrency) this.free.push(place);
      else await rm(place, { force: true });
    } catch (error) {
      this.logger.warn({ msg: 'a place for rescued tokens cannot be emptied', accountId, error: messageOf(error) });
    }
  }

  /** What an earlier process has left in its places; these are held for their accounts. Its empty ones go. */
  async load(): Promise<Rescue[]> {
    if (!this.directory) return [];
    const names = await readdir(this.directory).catch(() => []);
    const rescues: Rescue[] = [];
    for (const name of names.filter((entry) => entry.endsWith(SUFFIX))) {
      const place = join(this.directory, name);
      const text = await readFile(place, 'latin1').catch(() => null);
      const [line = ''] = text?.split('\n', 1) ?? [];
      const rescue = parseRescue(line);
      if (rescue && !this.held.has(rescue.accountId)) {
        this.held.set(rescue.accountId, place);
        rescues.push(rescue);
      } else if (line === EMPTY || text === '') await rm(place, { force: true });
      else this.logger.error({ msg: 'a place for rescued tokens cannot be read; it stays where it is', file: place });
    }
    return rescues;
  }

  private async create(directory: string): Promise<string> {
    const place = join(directory, `${randomBytes(8).toString('hex')}${SUFFIX}`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      // Random, so that no file system stores it in less room than its contents will need.
      const padding = randomBytes(PLACE_BYTES - EMPTY.length - 1);
      await write(place, 'wx', Buffer.concat([Buffer.from(`${EMPTY}\n`), padding]));
      await syncDirectory(directory);
      return place;
    } catch (error) {
      await rm(place, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  private tell(short: boolean): void {
    if (short === this.short) return;
    this.short = short;
    if (short) this.logger.error({ msg: 'no refresh: the disk of the database has no room for new tokens', directory: this.directory });
    else this.logger.log({ msg: 'the disk of the database has room again' });
  }
}

const overwrite = (path: string, line: string): Promise<void> => write(path, 'r+', Buffer.from(`${line}\n`));

async function write(path: string, flags: string, bytes: Buffer): Promise<void> {
  const handle: FileHandle = await open(path, flags, 0o600);
  try {
    await handle.write(bytes, 0, bytes.length, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
