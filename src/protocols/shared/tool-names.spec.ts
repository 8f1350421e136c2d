import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from './digest.js';
import { ToolNames } from './tool-names.js';

const hex = (name: string, length: number): string => sha256(name).slice(0, length);
const FITS = /^[a-zA-Z0-9_-]{1,64}$/;
const tools = (...names: string[]) => names.map((name) => ({ type: 'function', function: { name } }));

describe('tool names', () => {
  const long = 'mcp__server__'.padEnd(70, 'x');

  it.each([
    ['a name that fits', 'Read_File-2', 'Read_File-2'],
    ['64 characters', 'x'.repeat(64), 'x'.repeat(64)],
    ['other characters', 'server.tool/é', 'server_tool__'],
    ['65 characters', 'x'.repeat(65), `${'x'.repeat(55)}_${hex('x'.repeat(65), 8)}`],
    ['a long name of other characters', `${long}.é`, `${long.slice(0, 55)}_${hex(`${long}.é`, 8)}`],
    ['a name of nothing', '', `_${hex('', 8)}`],
  ])('codes %s', (_name, name, coded) => {
    const names = new ToolNames();
    expect(names.declare(name)).toBe(coded);
    expect(names.code(name)).toBe(coded);
    expect(names.original(coded)).toBe(name);
  });

  it('are their own where nobody registered them', () => {
    expect(new ToolNames().original('made_up')).toBe('made_up');
  });

  it('stay apart where they would become the same', () => {
    const names = new ToolNames();
    expect([names.declare('a.b'), names.declare('a/b'), names.declare('a b')]).toEqual([
      'a_b',
      `a_b_${hex('a/b', 8)}`,
      `a_b_${hex('a b', 8)}`,
    ]);
    expect(names.original('a_b')).toBe('a.b');
  });

  it('take more of the hash where a shorter one is a tool’s name', () => {
    const taken = `a_b_${hex('a.b', 8)}`;
    const names = new ToolNames(tools('a_b', taken, 'a.b'));
    expect(names.declare('a.b')).toBe(`a_b_${hex('a.b', 16)}`);
    expect(names.declare(taken)).toBe(taken);
  });

  it('find a way where every length of the hash is a tool’s name', () => {
    const taken = [8, 16, 32, 62].map((length) => `${'a_b'.slice(0, 63 - length)}_${hex('a.b', length)}`);
    const names = new ToolNames(tools('a_b', ...taken));
    const coded = names.declare('a.b');
    expect([coded, ...taken.map((name) => names.declare(name))]).toEqual([expect.stringMatching(FITS), ...taken]);
    expect(taken).not.toContain(coded);
  });

  it('do not depend on the order of the tools', () => {
    const given = ['a.b', 'a_b', 'a/b', 'c d', `${long}1`, `${long}2`];
    const coded = (order: string[]) => {
      const names = new ToolNames(tools(...order));
      return new Map(order.map((name) => [name, names.declare(name)]));
    };
    const forwards = coded(given);
    expect(new Map([...coded(given.toReversed())].toReversed())).toEqual(forwards);
    expect(forwards.get('a_b')).toBe('a_b');
    expect(forwards.get('c d')).toBe('c_d');
  });

  it('are read from tools of every shape', () => {
    const names = new ToolNames(
      [{ name: 'a_b' }, null, 7, { type: 'web_search' }],
      [{ type: 'custom', custom: { name: 'c_d' } }],
      undefined,
    );
    expect([names.code('a.b'), names.code('c.d')]).toEqual([`a_b_${hex('a.b', 8)}`, `c_d_${hex('c.d', 8)}`]);
  });

  it('keep a name of the history apart from a coded one', () => {
    const names = new ToolNames(tools('a.b'));
    expect(names.declare('a.b')).toBe('a_b');
    const history = names.code('a_b');
    expect(history).toBe(`a_b_${hex('a_b', 8)}`);
    expect(names.original(history)).toBe('a_b');
  });

  it('tell names apart that differ in half a character', () => {
    const names = new ToolNames();
    expect(names.code('\ud800')).not.toBe(names.code('\ud801'));
  });

  it('always fit, and always lead back', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.string({ unit: fc.constantFrom('a', '_', '.', '/', '\ud800'), maxLength: 4 }),
      fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 62, maxLength: 68 }),
      fc.constantFrom('__proto__', 'constructor', `a_b_${hex('a.b', 8)}`),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), fc.array(name, { maxLength: 12 }), (declared, history) => {
        const names = new ToolNames(tools(...declared));
        const all = [...declared.map((one) => [one, names.declare(one)]), ...history.map((one) => [one, names.code(one)])];
        for (const [one, coded] of all) {
          expect(coded).toMatch(FITS);
          expect(names.original(coded!)).toBe(one);
        }
        for (const one of declared) if (FITS.test(one)) expect(names.code(one)).toBe(one);
      }),
      { numRuns: 500 },
    );
  });
});
