import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { repairPairing } from './pairing.js';

const call = (call_id: string, args = '{}'): JsonObject => ({ type: 'function_call', call_id, name: 'f', arguments: args });
const custom = (call_id: string): JsonObject => ({ type: 'custom_tool_call', call_id, name: 'f', input: 'x' });
const result = (call_id: string, output: unknown = 'r'): JsonObject => ({ type: 'function_call_output', call_id, output });
const customResult = (call_id: string, output: unknown = 'r'): JsonObject => ({ type: 'custom_tool_call_output', call_id, output });
const user = (...content: JsonObject[]): JsonObject => ({ type: 'message', role: 'user', content });
const text = (value: string): JsonObject => ({ type: 'input_text', text: value });
const said = user(text('hi'));
const assistant: JsonObject = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'ok' }] };
const thought: JsonObject = { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' };
const LABEL = 'Result of a tool call that is no longer part of this conversation:';
const picture: JsonObject = { type: 'input_image', image_url: 'data:image/png;base64,AA' };

describe('pairing', () => {
  it.each<[string, JsonObject[]]>([
    ['nothing', []],
    ['no calls', [said, assistant]],
    ['a result after its call', [said, call('a'), result('a')]],
    ['parallel calls', [call('a'), call('b'), result('a'), result('b')]],
    ['results in another order', [call('a'), call('b'), result('b'), result('a')]],
    ['reasoning among calls and results', [thought, call('a'), thought, call('b'), thought, result('a'), result('b')]],
    ['other messages between call and result', [call('a'), assistant, said, result('a')]],
    ['a custom call', [custom('a'), customResult('a')]],
    ['results among the calls', [call('a'), result('a'), call('b'), result('b')]],
    ['items of other kinds', [{ type: 'local_shell_call', call_id: 'a' }, { type: 'function_call' }, { type: 'function_call_output' }]],
  ])('leaves %s alone', (_name, items) => {
    expect(repairPairing(items)).toBe(items);
  });

  it.each<[string, JsonObject[], JsonObject[]]>([
    ['moves a result behind its call', [said, result('a'), call('a'), said], [said, call('a'), result('a'), said]],
    [
      'moves results behind the group, in their order',
      [result('b'), result('a'), call('a'), thought, call('b'), said],
      [call('a'), thought, call('b'), result('b'), result('a'), said],
    ],
    ['answers a call that nobody answered', [call('a'), said], [call('a'), result('a', 'aborted'), said]],
    ['answers the last call', [said, call('a')], [said, call('a'), result('a', 'aborted')]],
    ['answers a custom call', [custom('a'), said], [custom('a'), customResult('a', 'aborted'), said]],
    [
      'answers behind the whole group',
      [call('a'), thought, call('b'), thought, result('b')],
      [call('a'), thought, call('b'), result('a', 'aborted'), thought, result('b')],
    ],
    [
      'answers in the order of the calls',
      [call('a'), call('b'), call('c'), result('b'), said],
      [call('a'), call('b'), call('c'), result('a', 'aborted'), result('c', 'aborted'), result('b'), said],
    ],
    [
      'puts moved results before made up ones',
      [result('b'), call('a'), call('b')],
      [call('a'), call('b'), result('b'), result('a', 'aborted')],
    ],
    ['keeps a result without call as what a user says', [result('a', 'x\ny'), assistant], [user(text(`${LABEL}\nx\ny`)), assistant]],
    ['keeps its pictures', [result('a', [text('x'), picture])], [user(text(LABEL), text('x'), picture)]],
    ['keeps an empty one', [result('a', '')], [user(text(LABEL))]],
    ['drops a second result', [call('a'), result('a', '1'), said, result('a', '2')], [call('a'), result('a', '1'), said]],
    ['drops a second result before the call', [result('a', '1'), result('a', '2'), call('a')], [call('a'), result('a', '1')]],
    ['takes the same call once', [call('a'), call('a'), result('a')], [call('a'), result('a')]],
    [
      'takes the same call once, and its first result',
      [call('a'), call('a'), result('a', '1'), result('a', '2')],
      [call('a'), result('a', '1')],
    ],
    [
      'answers behind a group that ends with a call said twice',
      [call('a'), call('b'), call('a'), said],
      [call('a'), call('b'), result('a', 'aborted'), result('b', 'aborted'), said],
    ],
    [
      'numbers different calls of one id in their order',
      [call('a', '1'), call('a', '2'), result('a', 'x'), result('a', 'y')],
      [call('a', '1'), call('a__2', '2'), result('a', 'x'), result('a__2', 'y')],
    ],
    [
      'numbers an id that is used again in later turns',
      [call('a'), result('a', '1'), said, call('a'), result('a', '2'), call('a'), result('a', '3')],
      [call('a'), result('a', '1'), said, call('a__2'), result('a__2', '2'), call('a__3'), result('a__3', '3')],
    ],
    [
      'gives a result to the latest call of its id',
      [call('a', '1'), said, call('a', '2'), result('a', 'x')],
      [call('a', '1'), result('a', 'aborted'), said, call('a__2', '2'), result('a__2', 'x')],
    ],
    [
      'passes over a number that is taken',
      [call('a'), result('a'), call('a__2'), result('a__2'), call('a'), result('a')],
      [call('a'), result('a'), call('a__2'), result('a__2'), call('a__3'), result('a__3')],
    ],
    [
      'leaves a result of a truncated history out of a later call that has its own',
      [result('a', 'old'), said, call('a'), result('a', 'new')],
      [user(text(`${LABEL}\nold`)), said, call('a'), result('a', 'new')],
    ],
    ['gives a result the kind of its call', [custom('a'), result('a')], [custom('a'), customResult('a')]],
    ['gives a moved result the kind of its call', [result('a'), custom('a')], [custom('a'), customResult('a')]],
  ])('%s', (_name, items, expected) => {
    expect(repairPairing(items)).toEqual(expected);
  });

  it('keeps ids within 64 characters', () => {
    const id = 'x'.repeat(64);
    const [, , later, answer] = repairPairing([call(id), result(id), call(id), result(id)]);
    expect(later!.call_id).toMatch(/^x{47}_[0-9a-f]{16}$/);
    expect(answer!.call_id).toBe(later!.call_id);
  });

  it('keeps the objects that stay, reasoning above all', () => {
    const items = [thought, call('a'), said];
    const [first, second, , last] = repairPairing(items);
    expect([first === thought, second === items[1], last === said]).toEqual([true, true, true]);
  });

  it('makes of any history one that the backend takes, once and for all', () => {
    const id = fc.constantFrom('a', 'b', 'a__2');
    const item = fc.oneof(
      fc.tuple(id, fc.constantFrom('1', '2')).map(([one, args]) => call(one, args)),
      id.map((one) => custom(one)),
      fc.tuple(id, fc.nat(9)).map(([one, n]) => result(one, `r${n}`)),
      id.map((one) => customResult(one)),
      fc.constantFrom(said, assistant, thought),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 14 }), (items) => {
        const before = structuredClone(items);
        const repaired = repairPairing(items);
        expect(items).toEqual(before);
        expect(repairPairing(repaired)).toBe(repaired);
        const open = new Map<unknown, unknown>();
        const seen = new Set<unknown>();
        for (const { type, call_id } of repaired) {
          if (type === 'function_call' || type === 'custom_tool_call') {
            expect(seen.has(call_id)).toBe(false);
            seen.add(call_id);
            open.set(call_id, `${type}_output`);
          } else if (String(type).endsWith('_output')) {
            expect(open.get(call_id)).toBe(type);
            open.delete(call_id);
          }
        }
        expect(open.size).toBe(0);
        const kept = items.filter(({ type }) => type === 'message' || type === 'reasoning');
        expect(repaired.filter((one) => kept.includes(one))).toEqual(kept);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, (n: number) => JsonObject[]]>([
    ['calls and results', (n) => Array.from({ length: n }, (_, i) => [call(`c${i}`), result(`c${i}`)]).flat()],
    [
      'calls of one id at once',
      (n) => [...Array.from({ length: n }, (_, i) => call('c', `${i}`)), ...Array.from({ length: n }, () => result('c'))],
    ],
    ['calls of one id in turn', (n) => Array.from({ length: n }, (_, i) => [call('c', `${i}`), said]).flat()],
    [
      'results before calls',
      (n) => [...Array.from({ length: n }, (_, i) => result(`c${i}`)), ...Array.from({ length: n }, (_, i) => call(`c${i}`))],
    ],
    ['results without calls', (n) => Array.from({ length: n }, () => result('c'))],
  ])('takes time in proportion to %s', (_name, make) => {
    const cost = (n: number): number => {
      const items = make(n);
      return Math.min(
        ...Array.from({ length: 3 }, () => {
          const start = performance.now();
          repairPairing(items);
          return performance.now() - start;
        }),
      );
    };
    cost(1000);
    // Thirty-two times the items: 1024 times the time if it were quadratic. The wide bound is for busy machines.
    expect(cost(64_000)).toBeLessThan(500 * Math.max(cost(2000), 1));
  });
});
