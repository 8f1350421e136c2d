import { createHash } from 'node:crypto';

/**
 * Everything the simulated backend makes up comes from counters and hashes, so that the same calls in the same order
 * give the same bytes.
 */
export const digest = (...parts: (string | number)[]): string => createHash('sha256').update(parts.join('\u0000')).digest('hex');

export function uuidOf(...parts: (string | number)[]): string {
  const hex = digest(...parts);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `PREFIX_` + 8 hex digits that count up + `hashLength` that do not; with the default, 54 characters at most for a 3-letter prefix. */
export const countedId = (prefix: string, counter: number, salt: string | number, hashLength = 42): string =>
  `${prefix}_${counter.toString(16).padStart(8, '0')}${digest(prefix, counter, salt).slice(0, hashLength)}`;
