import { describe, expect, it } from '@jest/globals';
import { createLogger } from './pino-logger.js';

const record = (format: string, level = 'info') => {
  const lines: string[] = [];
  return { logger: createLogger({ level, format }, { write: (line) => void lines.push(line) }), lines };
};
const parsed = (lines: string[]): unknown[] =>
  lines.map((line) => {
    const { time, ...rest } = JSON.parse(line) as { time: number };
    expect(Math.abs(Date.now() - time)).toBeLessThan(60_000);
    return rest;
  });

describe('the JSON log', () => {
  it('prints objects as fields, with the context Nest gives', () => {
    const { logger, lines } = record('json');
    logger.log({ msg: 'refresh done', accountId: 'a1' }, 'Refresh');
    logger.warn('plain', 'Pool');
    expect(parsed(lines)).toEqual([
      { level: 30, context: 'Refresh', msg: 'refresh done', accountId: 'a1' },
      { level: 40, context: 'Pool', msg: 'plain' },
    ]);
  });

  it('redacts whatever passes through it', () => {
    const { logger, lines } = record('json');
    logger.error(new Error('Bearer abcdefghijkl refused'), 'X');
    logger.error('went wrong', 'Error: for a@b.example\n    at x', 'X');
    logger.log({ msg: 'to a@b.example', authorization: 'Bearer abcdefghijkl' });
    const all = lines.join('');
    expect(all).not.toMatch(/abcdefghijkl|a@b\.example/);
    expect(all).toContain('[redacted]');
  });

  it('says nothing below its level, nor of wiring unless it is debugged', () => {
    const { logger, lines } = record('json', 'warn');
    logger.log('quiet', 'X');
    logger.debug('quiet', 'X');
    expect(logger.isLevelEnabled('info')).toBe(false);
    const wiring = record('json');
    wiring.logger.log('Mapped {/health, GET} route', 'RouterExplorer');
    expect([lines, wiring.lines]).toEqual([[], []]);
  });
});

describe('the text log', () => {
  it('is one line per record that no value can break', () => {
    const { logger, lines } = record('text');
    logger.log({ msg: 'attempt\nforged', path: '/v1/x', note: 'two words', n: 3 }, 'Executor');
    expect(lines).toHaveLength(1);
    expect(lines[0]!.slice(25)).toBe('INFO  [Executor] attempt\\nforged path=/v1/x note="two words" n=3\n');
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
  });

  it('puts the stack of an error below it, indented', () => {
    const { logger, lines } = record('text');
    logger.error(new TypeError('broken'));
    expect(lines[0]!.slice(25)).toMatch(/^ERROR broken err=\{"type":"TypeError","message":"broken"\}\n {4}TypeError: broken\n {8}at /);
  });
});

describe('standard output', () => {
  it.each(['json', 'text'])('opens as the sink of the %s log', (format) => {
    const logger = createLogger({ level: 'warn', format });
    expect([logger.isLevelEnabled('warn'), logger.isLevelEnabled('info')]).toEqual([true, false]);
  });
});
