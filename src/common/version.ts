import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest package.json above this file is ours, in the sources as in the build. */
const read = (directory: string): string => {
  const path = join(directory, 'package.json');
  if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  const parent = dirname(directory);
  return parent === directory ? '0.0.0' : read(parent);
};

/** Version of this program. */
export const VERSION = read(import.meta.dirname);
