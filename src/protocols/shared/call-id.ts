import { randomInt } from 'node:crypto';
import { sha256 } from './digest.js';

const PLAIN = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * A call id the backend takes: unchanged where it fits, else shortened to 64 characters. A pure function of the id, so the
 * call and its output stay a pair without a map.
 */
export const codeCallId = (id: string): string =>
  PLAIN.test(id) ? id : `${id.slice(0, 47).replace(/[^a-zA-Z0-9_-]/g, '_')}_${sha256(id).slice(0, 16)}`;

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** An id for a call that upstream left without one. */
export function newCallId(): string {
  let id = 'call_';
  for (let i = 0; i < 24; i++) id += BASE62[randomInt(62)]!;
  return id;
}
