import { open } from 'node:fs/promises';

/** A new name in a directory survives a power cut only when the directory is synced too. Windows cannot open one; there the rename is enough. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  }
}
