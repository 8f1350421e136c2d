import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Config } from '../config/config.js';
import type { CodexRequest } from './codex-request.js';
import { SilenceLimit } from './silence-limit.service.js';
import { Turn } from './turn.js';

const LIMIT_SEC = 60;

interface Case {
  readonly limitSec?: number;
  readonly silentMs?: number;
  readonly workedMsAgo?: number;
  readonly failing?: boolean;
  readonly sawOutput?: boolean;
  readonly operation?: 'responses' | 'compact';
}

/** One attempt has been silent; whether another one may follow, and in which time it has to bring output. */
function afterSilence({ limitSec = LIMIT_SEC, silentMs = 60_000, workedMsAgo = Infinity, failing = false, ...rest }: Case = {}) {
  const clock = new FakeClock();
  const { operation = 'responses', sawOutput = false } = rest;
  const turn = new Turn(
    { operation, body: { model: 'gpt-5.4', input: [] } } as unknown as CodexRequest,
    'req',
    clock.now(),
    3,
    Infinity,
    undefined,
    [],
  );
  const lease = { account: { id: 'a' }, leasedAt: clock.now() } as AccountLease;
  const effects = {
    othersWorkedSince: (_id: string, since: number) => clock.now() - workedMsAgo >= since,
    othersFailedSince: () => failing,
  } as unknown as AccountEffects;
  const limit = new SilenceLimit(effects, clock, { upstreamIdleTimeoutSeconds: limitSec } as Config);
  turn.countAttempt();
  if (sawOutput) turn.noteOutput();
  clock.advance(silentMs);
  return {
    goesOn: limit.mayGoOn(turn, lease),
    chanceMs: turn.lastChanceMs,
    attemptsLeft: turn.attemptsLeft,
    again: () => limit.mayGoOn(turn, lease),
  };
}

describe('after an attempt that was silent up to the limit', () => {
  it('one other account gets a short chance, and nobody after it', () => {
    const { goesOn, chanceMs, attemptsLeft, again } = afterSilence();
    expect([goesOn, chanceMs, attemptsLeft]).toEqual([true, 6_000, 1]);
    expect(again()).toBe(false);
    expect(afterSilence({ limitSec: 2, silentMs: 2_000 }).chanceMs).toBe(500);
  });

  it('others are tried as usual if some were served meanwhile, but not if that was at the beginning of the silence', () => {
    expect(afterSilence({ workedMsAgo: 1_000 })).toMatchObject({ goesOn: true, chanceMs: null, attemptsLeft: 2 });
    expect(afterSilence({ workedMsAgo: 50_000 })).toMatchObject({ goesOn: true, chanceMs: 6_000 });
  });

  it.each<[string, Case]>([
    ['others fail as well', { failing: true }],
    ['the answer had begun', { sawOutput: true }],
    ['it is a compaction', { operation: 'compact' }],
  ])('the client is answered if %s', (_why, given) => {
    expect(afterSilence(given)).toMatchObject({ goesOn: false, chanceMs: null });
  });

  it('others are tried as usual while the limit is not used up: it was another, shorter one', () => {
    expect(afterSilence({ silentMs: 20_000, failing: true })).toMatchObject({ goesOn: true, chanceMs: null });
    expect(afterSilence({ limitSec: 0, silentMs: 900_000, failing: true })).toMatchObject({ goesOn: true, chanceMs: null });
  });
});
