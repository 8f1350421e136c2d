import { expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PUBLIC_EVENTS } from '../upstream/public-events.js';
import { StreamOddities } from './stream-oddities.service.js';

it('counts event types that nobody knows, and damaged frames', () => {
  Logger.overrideLogger(false);
  const oddities = new StreamOddities();
  for (const type of [
    'response.output_text.delta',
    'response.new_thing.delta',
    'codex.rate_limits',
    '',
    'error',
    'response.new_thing.delta',
  ]) {
    oddities.see(type);
  }
  oddities.malformed(0, 'req_1');
  oddities.malformed(2, 'req_2');
  expect(oddities.counts).toEqual({ unknown: new Map([['response.new_thing.delta', 2]]), malformed: 2 });
});

it('knows what the public API has, what the backend adds to it, and ends by other names', () => {
  const oddities = new StreamOddities();
  const own = ['', 'error', 'keepalive', 'codex.rate_limits', 'codex.response.metadata', 'response.metadata'];
  for (const type of [...PUBLIC_EVENTS, ...own, 'response.done', 'response.cancelled']) oddities.see(type);
  expect([...oddities.counts.unknown]).toEqual([]);
});

it('keeps a bounded number of types', () => {
  Logger.overrideLogger(false);
  const oddities = new StreamOddities();
  for (let i = 0; i < 1000; i++) oddities.see(`x.${i}`);
  expect(oddities.counts.unknown.size).toBe(200);
});
