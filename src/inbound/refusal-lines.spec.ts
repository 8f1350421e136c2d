import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RefusalLines, type RefusalSummary } from './refusal-lines.js';
import type { RequestLogLine } from './request-log.js';

const line = (status: number): RequestLogLine => ({
  msg: 'request',
  method: 'POST',
  path: '/v1/responses',
  status,
  ms: 1,
  requestId: 'req_1',
  stream: false,
  closedBy: 'server',
});

describe('the lines of refused requests', () => {
  let now = 0;
  const written: number[] = [];
  const reports: RefusalSummary[] = [];
  const lines = (): RefusalLines =>
    new RefusalLines(
      ({ status }) => void written.push(status),
      (summary) => void reports.push(summary),
      () => now,
    );
  beforeEach(() => {
    jest.useFakeTimers();
    written.length = reports.length = 0;
  });
  afterEach(() => void jest.useRealTimers());

  it('are written one by one until there are 200, then ten a second, and the rest is told as a sum', () => {
    const log = lines();
    for (let n = 0; n < 300; n++) log.take(line(n % 2 ? 401 : 404));
    expect(written).toHaveLength(200);
    now += 1_000;
    for (let n = 0; n < 100; n++) log.take(line(401));
    expect(written).toHaveLength(210);
    expect(reports).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(reports).toEqual([{ msg: 'further requests were refused', count: 190, statuses: { 401: 140, 404: 50 } }]);
    jest.advanceTimersByTime(60_000);
    expect(reports).toHaveLength(1);
  });

  it('leave those of other requests alone', () => {
    const log = lines();
    for (let n = 0; n < 1_000; n++) log.take(line(n % 2 ? 200 : 503));
    expect(written).toHaveLength(1_000);
    log.flush();
    expect(reports).toEqual([]);
  });
});
