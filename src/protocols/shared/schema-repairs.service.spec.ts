import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SchemaRepairs } from './schema-repairs.service.js';

describe('the count of schema repairs', () => {
  const log = jest.spyOn(Logger.prototype, 'log');
  beforeEach(() => void log.mockReset().mockReturnValue(undefined));
  afterEach(() => void log.mockReset());

  it('counts by rule and tool, and logs each pair once', () => {
    const repairs = new SchemaRepairs();
    repairs.note([]);
    for (let i = 0; i < 3; i++) repairs.note([{ tool: 'a', rules: ['missing_items', 'tuple'] }]);
    repairs.note([{ tool: 'b', rules: ['tuple'] }]);
    expect(repairs.counts()).toEqual([
      { rule: 'missing_items', tool: 'a', count: 3 },
      { rule: 'tuple', tool: 'a', count: 3 },
      { rule: 'tuple', tool: 'b', count: 1 },
    ]);
    expect(log.mock.calls).toEqual([
      [{ msg: 'tool schema repaired', tool: 'a', rule: 'missing_items' }],
      [{ msg: 'tool schema repaired', tool: 'a', rule: 'tuple' }],
      [{ msg: 'tool schema repaired', tool: 'b', rule: 'tuple' }],
    ]);
  });

  it('stays small whatever tools are called', () => {
    const repairs = new SchemaRepairs();
    for (let i = 0; i < 3000; i++) repairs.note([{ tool: `${i}`.padEnd(500, 'x'), rules: [i % 2 ? 'tuple' : 'null_keyword'] }]);
    const counts = repairs.counts();
    expect(counts).toHaveLength(1002);
    expect(counts.slice(-2)).toEqual([
      { rule: 'null_keyword', tool: '(others)', count: 1000 },
      { rule: 'tuple', tool: '(others)', count: 1000 },
    ]);
    expect(Math.max(...counts.map(({ tool }) => tool.length))).toBe(128);
    expect(log).toHaveBeenCalledTimes(1002);
  });
});
