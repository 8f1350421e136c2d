import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../accounts/files/durable-file.js';

/** Tokens that the vendor has issued and the database does not have yet. `sealed`: encrypted with the credential key. */
export interface Rescue {
  readonly accountId: string;
  /** The generation that was spent for them; stored, they become the next one. */
  readonly generation: number;
  readonly sealed: string;
}

const SUFFIX = '.rescue.json';
const ACCOUNT_ID = /^[\w-]{1,64}$/;

const pathOf = (directory: string, accountId: string): string => {
  if (!ACCOUNT_ID.test(accountId)) throw new Error('not an account id');
  return join(directory, accountId + SUFFIX);
};

/** On disk when it resolves. An account has one rescue at most: nobody refreshes it again before it is stored. */
export async function writeRescue(directory: string, rescue: Rescue): Promise<void> {
  const path = pathOf(directory, rescue.accountId);
  const draft = `${path}.tmp`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(rescue));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    // Half of it would only take room that something else needs.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(directory);
}

/** Null: the text is none. */
export function parseRescue(text: string): Rescue | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRescue(value) ? value : null;
  } catch {
    return null;
  }
}

const isRescue = (value: unknown): value is Rescue => {
  const rescue = value as Partial<Rescue> | null;
  return typeof rescue?.accountId === 'string' && typeof rescue.generation === 'number' && typeof rescue.sealed === 'string';
};

/** What an earlier process left behind. Names of files that cannot be read come back too: they are reported, never removed. */
export async function readRescues(directory: string): Promise<{ rescues: Rescue[]; unreadable: string[] }> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const rescues: Rescue[] = [];
  const unreadable: string[] = [];
  for (const name of names.filter((entry) => entry.endsWith(SUFFIX))) {
    const rescue = await readFile(join(directory, name), 'utf8').then(parseRescue, () => null);
    if (rescue) rescues.push(rescue);
    else unreadable.push(name);
  }
  return { rescues, unreadable };
}

/** A file that is already gone is no fault. */
export const removeRescue = (directory: string, accountId: string): Promise<void> => rm(pathOf(directory, accountId), { force: true });
