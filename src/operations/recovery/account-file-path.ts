import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { GatewayError, invalidRequest } from '../../common/gateway-error.js';

const FIELD = 'file_path';

/**
 * The file that an operator names, as auth-dir's own path of it: absolute, relative to the working directory, or relative to auth-dir.
 * What lies elsewhere is refused before anything is said of it, and so is a link that leads out of auth-dir.
 * @throws GatewayError `invalid_request` or `not_found`
 */
export async function accountFilePath(authDir: string, named: string): Promise<string> {
  if (authDir === '') throw invalidRequest('auth-dir is not set: no account comes from a file.', FIELD);
  if (named.includes('\0')) throw invalidRequest('file_path holds a NUL.', FIELD);
  const directory = resolve(authDir);
  const home = await realpath(directory).catch(() => directory);
  const inside = candidates(directory, named)
    .map((path) => insideOf(directory, path) ?? insideOf(home, path))
    .find((tail) => tail !== undefined);
  if (inside === undefined) throw outside();
  const path = join(directory, inside);
  const target = await realpath(path).catch(() => null);
  if (target === null) throw new GatewayError('not_found', 'There is no such file in auth-dir.', { param: FIELD, code: 'file_not_found' });
  if (insideOf(home, target) === undefined) throw outside();
  return path;
}

const candidates = (directory: string, named: string): string[] =>
  isAbsolute(named) ? [resolve(named)] : [resolve(named), resolve(directory, named)];

const insideOf = (directory: string, path: string): string | undefined =>
  path.startsWith(directory + sep) ? relative(directory, path) : undefined;

const outside = (): GatewayError => invalidRequest('file_path must name a file inside auth-dir.', FIELD);
