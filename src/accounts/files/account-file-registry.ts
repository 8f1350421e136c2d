import { sep } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { Signature } from './account-directory.js';
import { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRepository } from './account-file.repository.js';

/** What is known of one file. */
export interface KnownFile {
  /** Of the content last taken in. */
  hash: string;
  /** Of the file when it was last looked at; '' forces another look. */
  signature: Signature;
  accountIds: string[];
  removed: boolean;
  /** This process has seen it in the directory. Absence of a file that only others have seen means nothing. */
  seenHere: boolean;
}

export interface RecordedFile {
  path: string;
  signature: Signature;
  hash: string;
  rows: AccountFileEntity[];
  /** Accounts it held before that stay its own although they could not be read this time. */
  keep: readonly string[];
}

/** Memory of the files of one directory, backed by account_files. */
@Injectable()
export class AccountFileRegistry {
  private readonly known = new Map<string, KnownFile>();

  constructor(private readonly repository: AccountFileRepository) {}

  /**
   * Reads what earlier runs have stored. `sameInstance`: the database belongs to this machine alone (SQLite), so files that
   * earlier runs have seen count as seen here.
   */
  async load(directory: string, sameInstance: boolean): Promise<void> {
    const rows = await this.repository.findAll();
    this.known.clear();
    for (const row of rows) {
      if (!row.path.startsWith(directory + sep)) continue;
      const file = this.known.get(row.path);
      const removed = row.removedAt > 0;
      if (!file) {
        this.known.set(row.path, { hash: row.contentHash, signature: '', accountIds: [row.accountId], removed, seenHere: sameInstance });
      } else if (file.removed === removed) file.accountIds.push(row.accountId);
      else if (!removed) Object.assign(file, { hash: row.contentHash, accountIds: [row.accountId], removed });
    }
  }

  get size(): number {
    return this.known.size;
  }

  get(path: string): KnownFile | undefined {
    return this.known.get(path);
  }

  paths(): IterableIterator<string> {
    return this.known.keys();
  }

  /** Stores the rows of files that were read, and remembers them. */
  async record(files: readonly RecordedFile[]): Promise<void> {
    await this.repository.put(files.flatMap(({ rows }) => rows));
    for (const { path, signature, rows, hash, keep } of files) {
      const accountIds = [...new Set([...rows.map(({ accountId }) => accountId), ...keep])];
      this.known.set(path, { hash, signature, accountIds, removed: false, seenHere: true });
    }
  }

  /** It cannot be read: not again until it changes, and nothing is known of its content. */
  rememberUnreadable(path: string, signature: Signature): void {
    const file = this.known.get(path) ?? { hash: '', accountIds: [], removed: false };
    this.known.set(path, { ...file, signature, seenHere: true });
  }

  touch(path: string, signature: Signature): void {
    const file = this.known.get(path);
    if (file) Object.assign(file, { signature, seenHere: true });
  }

  /** Our own write: the content is known before anybody can see it. */
  expect(path: string, hash: string): void {
    const file = this.known.get(path);
    if (file) file.hash = hash;
  }

  async remove(path: string, now: number): Promise<void> {
    const file = this.known.get(path);
    if (!file) return;
    await this.repository.markRemoved(path, file.accountIds, now);
    Object.assign(file, { removed: true, signature: '' });
    if (file.accountIds.length === 0) this.known.delete(path);
  }
}
