import { describe, expect, it } from '@jest/globals';
import type { LoadRecord, Result } from '../measure/record.ts';
import { scenarios } from '../scenarios.ts';
import { report } from './report.ts';

const place = (scenario: string, target: string, round: number) => ({ scenario, target, round, at: 0, loadAverage: 0 });
const spread = (p50: number) => ({ n: 1, min: p50, p50, p90: p50, p99: p50, max: p50, mean: p50 });
const blank: LoadRecord = {
  requests: 1000,
  events: 100_000,
  errors: 0,
  unfinished: 0,
  kinds: {},
  verified: 20,
  aborted: 0,
  late: 0,
  rps: 250,
  eps: 25_000,
  mbps: 1,
  cpuReq: 100,
  cpuEvent: 1,
  cpuPct: 50,
  sysShare: 0.2,
  upstreamReq: 30,
  loadgenReq: 40,
  upstreamPct: 10,
  loadgenPct: 10,
  foreignPct: 0,
  stealPct: 0,
  first: spread(1),
  content: spread(1),
  last: spread(1),
  event: spread(100),
  active: 0,
  threads: 10,
  rssReady: 0,
  rssLoad: 0,
  rssPeak: 50e6,
  rssEnd: 0,
};

function rowOf(text: string, scenario: string, target: string): Record<string, string> {
  const lines = text.split(`### ${scenario} `)[1]!.split('\n').slice(2);
  const cells = (line: string) => line.split('|').map((cell) => cell.trim());
  const row = lines.find((line) => cells(line)[1]!.split(' ')[0] === target)!;
  return Object.fromEntries(cells(lines[0]!).map((title, i) => [title, cells(row)[i]!]));
}

describe('report', () => {
  it('compares within rounds and cancels a machine that was slower in one of them', () => {
    const results: Result[] = [1, 2].flatMap((round) => {
      const slow = { upstreamReq: 30 * round, loadgenReq: 40 * round };
      return [
        { ...place('S2', 'floor', round), ...blank, ...slow, cpuReq: 100 * round ** 0.9 },
        { ...place('S2', 'ours', round), ...blank, ...slow, cpuReq: 150 * round ** 0.9 },
      ];
    });
    const row = rowOf(report(results, scenarios, ['floor']), 'S2', 'ours');
    expect(row['CPU ×floor']).toBe('1.50 ±0.00');
    expect(row['scatter']).toBe('±0 %');
    expect(row['raw scatter']).not.toBe('±0 %');
  });

  it('shows the latency beyond direct in µs', () => {
    const results: Result[] = [
      { ...place('S8r', 'direct', 1), ...blank, cpuReq: null, content: spread(0.25) },
      { ...place('S8r', 'ours', 1), ...blank, content: spread(0.75) },
    ];
    expect(rowOf(report(results, scenarios, []), 'S8r', 'ours')['added µs p50']).toBe('500');
  });

  it('shows the memory of a stream as the difference between many and few', () => {
    const results: Result[] = [
      { ...place('S6', 'ours', 1), ...blank, rssLoad: 140e6, active: 500 },
      { ...place('S6a', 'ours', 1), ...blank, rssLoad: 100e6, active: 100 },
    ];
    expect(rowOf(report(results, scenarios, []), 'S6', 'ours')['RSS KB/stream']).toBe('100.0');
  });

  it('marks a target with errors and says which', () => {
    const results: Result[] = [
      { ...place('S2', 'ours', 1), ...blank, errors: 2, kinds: { timeout: 2 } },
      { ...place('S2', 'floor', 1), failure: 'ended at start' },
    ];
    const text = report(results, scenarios, ['floor']);
    expect(text).toMatch('| ours ! |');
    expect(text).toMatch('- S2 ours round 1: 2 errors, 0 unfinished {"timeout":2}');
    expect(text).toMatch('- S2 floor round 1: ended at start');
  });

  it('shows start-up times by number of accounts', () => {
    const size = { readyMs: 400, settledMs: 500, cpuMs: 600, rssReady: 0, rssSettled: 80e6 };
    const row = rowOf(report([{ ...place('S9r', 'ours', 1), sizes: { 1: size } }], scenarios, []), 'S9r', 'ours');
    expect(row).toMatchObject({ '1: answer ms': '400', '1000: answer ms': '–' });
  });
});
