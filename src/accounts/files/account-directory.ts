import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

export const MAX_FILE_BYTES = 16 * 1024 * 1024;
const CONCURRENCY = 16;

/** Changes whenever the file does, as far as the file system tells. */
export type Signature = string;

export interface DirectoryListing {
  empty: boolean;
  /** Absolute path → signature, of everything that is an account file. */
  files: Map<string, Signature>;
  /** Path → why it is left out. */
  skipped: Map<string, string>;
}

export interface FileContent {
  text: string;
  /** SHA-256 (hex) of the bytes. */
  hash: string;
}

export const contentHash = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Names that count: `*.json`, so that `*.json.disabled` and drafts of editors do not. */
export const isAccountFileName = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.');

/**
 * `directory` is absolute; folders inside it are not entered. With `only`, a set of absolute paths, the rest is not looked at.
 * Rejects when the directory cannot be read.
 */
export async function listAccountFiles(directory: string, only?: ReadonlySet<string>): Promise<DirectoryListing> {
  const names = (await readdir(directory)).filter(isAccountFileName);
  const listing: DirectoryListing = { empty: names.length === 0, files: new Map(), skipped: new Map() };
  const wanted = only ? names.filter((name) => only.has(join(directory, name))) : names;
  await eachConcurrently(wanted, async (name) => {
    const path = join(directory, name);
    const seen = await inspect(directory, path).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? null : { skip: error.code ?? '' },
    );
    if (seen === null) return;
    if ('skip' in seen) listing.skipped.set(path, seen.skip);
    else listing.files.set(path, seen.signature);
  });
  return listing;
}

/** Absolute paths of a few account files, without looking at any of them; none if the directory cannot be read. */
export async function someAccountFiles(directory: string, limit: number): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter(isAccountFileName)
    .slice(0, limit)
    .map((name) => join(directory, name));
}

/** Links inside the directory are how Kubernetes mounts secrets; one that leads elsewhere could name any file of this machine. */
async function inspect(directory: string, path: string): Promise<{ signature: Signature } | { skip: string } | null> {
  const entry = await lstat(path, { bigint: true });
  if (entry.isSymbolicLink()) {
    const [target, home] = await Promise.all([realpath(path), realpath(directory)]);
    if (!target.startsWith(home + sep)) return { skip: 'is a symbolic link that leads out of auth-dir' };
  }
  const file = entry.isSymbolicLink() ? await stat(path, { bigint: true }) : entry;
  if (!file.isFile()) return null;
  if (file.size > MAX_FILE_BYTES) return { skip: `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB` };
  return { signature: `${file.ino}:${file.size}:${file.mtimeNs}:${file.ctimeNs}` };
}

/** Null when it is gone. */
export async function readAccountFile(path: string): Promise<FileContent | null> {
  try {
    const bytes = await readFile(path);
    return { text: bytes.toString('utf8'), hash: contentHash(bytes) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A few at a time: more would only queue up behind the four threads that do file work for the whole process. */
export async function eachConcurrently<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
}
