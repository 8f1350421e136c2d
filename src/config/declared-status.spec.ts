import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KEYS } from './config.js';
import { type KeyDeclaration, statusOf } from './key-declaration.js';

const SRC = resolve(import.meta.dirname, '..');
/** Read inside the configuration alone, which derives `baseUrl` and `databaseDriver` from them. */
const DERIVED_FROM = ['backend-domain', 'db-enabled', 'db-driver'];

const program = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('config/'))
  .map((name) => readFileSync(join(SRC, name), 'utf8'))
  .join('\n');

const mentioned = (key: KeyDeclaration): boolean => new RegExp(`\\b${key.property}\\b`).test(program);
const read = (key: KeyDeclaration): boolean => new RegExp(`[cC]onfig\\.${key.property}\\b`).test(program);

describe('the declared status of a key is true', () => {
  it('an implemented key is used by some part of the program', () => {
    const unused = KEYS.filter((key) => statusOf(key) === 'implemented' && !DERIVED_FROM.includes(key.name) && !mentioned(key));
    expect(unused.map((key) => key.name)).toEqual([]);
  });

  it('a key that is said to do nothing is read by nobody', () => {
    const used = KEYS.filter((key) => statusOf(key) !== 'implemented' && read(key));
    expect(used.map((key) => key.name)).toEqual([]);
  });
});
