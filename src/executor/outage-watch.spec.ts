import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { poolAccount } from '../../test/support/pool-account.js';
import type { AccountPool } from '../accounts/pool/account-pool.service.js';
import type { UsageClient } from '../quota/usage.client.js';
import type { Outcome } from '../upstream/outcome.js';
import { UnansweredCalls } from '../upstream/unanswered-calls.js';
import type { UpstreamFailure } from '../upstream/upstream-failure.js';
import { OutageWatch } from './outage-watch.service.js';

const ok: Outcome = { kind: 'ok' };
const silent: Outcome = { kind: 'timeout', message: 'silent' };

let calls: UnansweredCalls;
let watch: OutageWatch;
let answer: Outcome;
let probes: number;

class Call {
  place = 0;
  readonly startedAt = performance.now();
  gaveUp: string | undefined;

  constructor() {
    calls.add(this);
  }

  stop({ kind, code }: UpstreamFailure): void {
    this.gaveUp = `${kind} ${code}`;
    calls.delete(this);
  }
}

beforeEach(() => {
  jest.useFakeTimers();
  Logger.overrideLogger(false);
  calls = new UnansweredCalls();
  answer = ok;
  probes = 0;
  const usage = { read: () => (probes++, Promise.resolve({ outcome: answer, snapshot: null })) } as unknown as UsageClient;
  watch = new OutageWatch(calls, usage, { all: () => [poolAccount('a')] } as unknown as AccountPool);
  watch.onApplicationBootstrap();
});
afterEach(() => {
  watch.onModuleDestroy();
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('while turns wait and nobody is answered', () => {
  it('the backend is asked after three seconds; as long as it is just slow nothing happens, and it is left alone', async () => {
    const waiting = [new Call(), new Call()];
    await pass(2_900);
    expect(probes).toBe(0);
    await pass(20_000);
    expect(probes).toBe(1);
    expect(waiting.map(({ gaveUp }) => gaveUp)).toEqual([undefined, undefined]);
  });

  it('one probe after the other finds the end of the outage; calls from before it are given up, to be made again', async () => {
    answer = silent;
    const waiting = [new Call(), new Call()];
    await pass(10_000);
    expect(probes).toBeGreaterThan(10);
    expect(waiting.map(({ gaveUp }) => gaveUp)).toEqual([undefined, undefined]);
    answer = ok;
    await pass(250);
    const later = new Call();
    await pass(400);
    expect(waiting.map(({ gaveUp }) => gaveUp)).toEqual(['timeout OUTAGE_OVER', 'timeout OUTAGE_OVER']);
    expect(later.gaveUp).toBeUndefined();
    const asked = probes;
    await pass(10_000);
    expect(probes).toBe(asked);
  });

  it('an answer to anybody shows the end as well', async () => {
    answer = silent;
    const [stuck] = [new Call(), new Call()];
    await pass(5_000);
    calls.answered(new Call());
    await pass(600);
    expect(stuck.gaveUp).toBe('timeout OUTAGE_OVER');
  });

  it('what the end of the outage answers by itself is not given up', async () => {
    answer = silent;
    const waiting = [new Call(), new Call()];
    await pass(5_000);
    answer = ok;
    await pass(250);
    calls.answered(waiting[0]!);
    await pass(1_000);
    expect(waiting.map(({ gaveUp }) => gaveUp)).toEqual([undefined, 'timeout OUTAGE_OVER']);
  });
});

describe('the backend is not asked', () => {
  it.each<[string, () => void]>([
    ['for a single turn', () => void new Call()],
    [
      'while others are answered',
      () => {
        for (let n = 0; n < 3; n++) new Call();
        setInterval(() => calls.answered(new Call()), 1_000);
      },
    ],
  ])('%s', async (_why, begin) => {
    begin();
    await pass(20_000);
    expect(probes).toBe(0);
  });
});
