import { expect, it } from '@jest/globals';
import { openLogSink } from './log-sink.js';

it('can be opened on standard output', () => {
  expect(openLogSink({ level: 'info', format: 'json' }).enabled('info')).toBe(true);
  expect(openLogSink({ level: 'warn', format: 'text' }).enabled('info')).toBe(false);
});
