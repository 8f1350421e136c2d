import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount, quotaUsed } from '../../../test/support/pool-account.js';
import type { Config } from '../../config/config.js';
import type { Outcome } from '../../upstream/outcome.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import { AccountEffects } from './account-effects.service.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { AccountChange } from '../pool/pool-account.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MODEL = 'gpt-5.4';
const message = 'words of upstream';

const ok: Outcome = { kind: 'ok' };
const unauthorized: Outcome = { kind: 'unauthorized', code: null, dead: false, message };
const payment: Outcome = { kind: 'payment_required', code: null, message };
const forbidden: Outcome = { kind: 'forbidden', code: null, message };
const failed: Outcome = { kind: 'network', failure: 'reset', message };
const none = { kind: 'none' };

let clock: FakeClock;
let pool: AccountPool;
let effects: AccountEffects;
let written: AccountChange[];

const start = (...ids: string[]): void => {
  clock = new FakeClock();
  const config = {
    accountMaxConcurrency: 0,
    selector: 'round-robin',
    cooldown401Sec: 30,
    cooldown429Sec: 60,
    massDisableLimitPercent: 20,
  } as Config;
  pool = new AccountPool(config, clock);
  written = [];
  effects = new AccountEffects(
    pool,
    { enqueue: (change: AccountChange) => void written.push(change) } as AccountChangeWriter,
    config,
    clock,
  );
  for (const id of ids) pool.upsert(poolAccount(id));
};

const report = (id: string, outcome: Outcome, attempt?: { leasedAt: number; generation: number }) =>
  effects.report(id, MODEL, outcome, attempt);
const renew = (id: string): void => pool.upsert(poolAccount(id, { tokenGeneration: pool.get(id)!.tokenGeneration + 1 }));
/** 401, good refresh, 401 again. */
const refuseAfterRefresh = (id: string) => {
  if (effects.mayForceRefresh(id)) {
    effects.noteUnauthorized(id);
    renew(id);
  }
  return report(id, unauthorized);
};
const chosen = (): string | undefined => {
  using lease = pool.lease({ model: MODEL, affinity: [], turnStart: true, tried: new Set() });
  return lease?.account.id;
};

Logger.overrideLogger(false);
beforeEach(() => start('a', 'b', 'c'));

describe('an effect', () => {
  it('reaches the pool and the database', () => {
    const until = clock.now() + HOUR;
    report('a', { kind: 'quota', resetsAt: until, family: null, message });
    const cooldown = { accountId: 'a', model: '*', until, since: clock.now(), cause: 'quota', source: 'resets_at' };
    expect(pool.cooldowns('a')).toEqual([cooldown]);
    expect(written).toEqual([{ kind: 'cooldown', cooldown }]);
  });

  it('of a lost credential changes the state, with reason and evidence', () => {
    report('a', { kind: 'unauthorized', code: 'account_deactivated', dead: true, message });
    expect(pool.get('a')).toMatchObject({ state: 'needs_login', stateReason: 'account_deactivated', stateSince: clock.now() });
    expect(written).toEqual([
      {
        kind: 'state',
        accountId: 'a',
        from: 'active',
        state: 'needs_login',
        reason: 'account_deactivated',
        evidence: message,
        since: clock.now(),
        until: 0,
      },
    ]);
  });

  it('does not override what an operator decided', () => {
    pool.upsert(poolAccount('a', { state: 'paused' }));
    report('a', { kind: 'unauthorized', code: 'account_deactivated', dead: true, message });
    expect(pool.get('a')!.state).toBe('paused');
    expect(written).toEqual([]);
  });

  it('of a model the account may not use lasts some hours', () => {
    for (const id of ['a', 'b']) report(id, { kind: 'model_unsupported', message });
    expect([chosen(), chosen()]).toEqual(['c', 'c']);
  });

  it('on an account that is gone is none', () => {
    expect(report('gone', forbidden)).toEqual(none);
  });
});

describe('401', () => {
  it('has no effect at first, and rests the account when the renewed token is refused too, longer each time', () => {
    expect(report('a', unauthorized)).toEqual(none);
    renew('a');
    expect(report('a', unauthorized)).toMatchObject({ kind: 'cooldown', cause: 'unauthorized', until: clock.now() + 30_000 });
    expect(effects.mayForceRefresh('a')).toBe(false);
    clock.advance(30_000);
    expect(effects.mayForceRefresh('a')).toBe(true);
    expect(refuseAfterRefresh('a')).toMatchObject({ until: clock.now() + MINUTE });
    clock.advance(MINUTE);
    report('a', ok);
    expect(refuseAfterRefresh('a')).toMatchObject({ until: clock.now() + 30_000 });
  });

  it('of a token that a forced refresh has brought is answered with a pause, also in a later request', () => {
    effects.noteUnauthorized('a');
    expect(effects.mayForceRefresh('a')).toBe(true);
    renew('a');
    expect(effects.mayForceRefresh('a')).toBe(false);
    expect(report('a', unauthorized)).toMatchObject({ kind: 'cooldown', cause: 'unauthorized' });

    effects.noteUnauthorized('b');
    renew('b');
    report('b', ok);
    expect(effects.mayForceRefresh('b')).toBe(true);
  });

  it('is not forgotten for a stream that had begun before it and ends well', () => {
    const before = { leasedAt: clock.now(), generation: 1 };
    clock.advance(10);
    effects.noteUnauthorized('a');
    renew('a');
    clock.advance(10);
    report('a', ok, before);
    expect(effects.mayForceRefresh('a')).toBe(false);
    expect(report('a', unauthorized)).toMatchObject({ kind: 'cooldown', cause: 'unauthorized' });
  });

  it('of a token that was replaced meanwhile says nothing', () => {
    const attempt = { leasedAt: clock.now(), generation: 1 };
    report('a', unauthorized, attempt);
    renew('a');
    expect(report('a', unauthorized, attempt)).toEqual(none);
    expect(report('a', unauthorized, { ...attempt, generation: 2 })).toMatchObject({ kind: 'cooldown' });
  });

  it('rests an account whose token cannot be renewed now, until it is', () => {
    report('a', unauthorized);
    expect(report('a', unauthorized)).toMatchObject({ kind: 'cooldown', source: 'awaiting-token' });
    renew('a');
    expect(pool.cooldowns('a')).toEqual([]);
  });

  it('from three accounts within half a minute is the vendor: nobody rests, nobody refreshes, until one gets through', () => {
    refuseAfterRefresh('a');
    clock.advance(29_000);
    refuseAfterRefresh('b');
    expect(effects.vendorWide401()).toBe(false);
    expect(refuseAfterRefresh('c')).toEqual(none);
    expect(['a', 'b', 'c'].flatMap((id) => pool.cooldowns(id))).toEqual([]);
    expect(written.filter(({ kind }) => kind === 'cooldown_lifted')).toHaveLength(2);
    expect(effects.mayForceRefresh('a')).toBe(false);
    expect(report('a', unauthorized)).toEqual(none);
    report('b', ok, { leasedAt: clock.now() - 1, generation: 9 });
    expect(effects.vendorWide401()).toBe(true);
    report('b', ok);
    expect(effects.vendorWide401()).toBe(false);
    expect(effects.mayForceRefresh('a')).toBe(true);
  });

  it('is no vendor matter when it is spread over a longer time', () => {
    for (const id of ['a', 'b', 'c']) {
      expect(refuseAfterRefresh(id)).toMatchObject({ kind: 'cooldown' });
      clock.advance(16_000);
    }
    expect(effects.vendorWide401()).toBe(false);
  });

  it('of every token does not forbid refreshes for ever', () => {
    for (const id of ['a', 'b', 'c']) refuseAfterRefresh(id);
    clock.advance(10 * MINUTE);
    expect(effects.mayForceRefresh('a')).toBe(true);
  });

  it('leads to needs_login only after long trying, while others work', () => {
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      report('b', ok);
      const effect = refuseAfterRefresh('a');
      if (effect.kind !== 'cooldown') break;
      waits.push((effect.until - clock.now()) / 1000);
      clock.advance(effect.until - clock.now());
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960]);
    expect(pool.get('a')!.state).toBe('needs_login');
  });
});

describe('402', () => {
  it('pauses the account, and disables it when the first try after the pause gets it again', () => {
    expect(report('a', payment)).toMatchObject({ cause: 'payment', until: clock.now() + 10 * MINUTE });
    clock.advance(MINUTE);
    expect(report('a', payment)).toEqual(none);
    clock.advance(9 * MINUTE);
    expect(report('a', payment)).toMatchObject({ kind: 'state', state: 'disabled' });
  });

  it('is forgotten when the account works again', () => {
    report('a', payment);
    clock.advance(10 * MINUTE);
    report('a', ok);
    expect(report('a', payment)).toMatchObject({ kind: 'cooldown' });
  });
});

describe('403', () => {
  it('disables an account after three in a row', () => {
    for (let i = 0; i < 2; i++) {
      expect(report('a', forbidden)).toMatchObject({ cause: 'forbidden', until: clock.now() + 5 * MINUTE });
      clock.advance(5 * MINUTE);
    }
    report('b', forbidden);
    expect(report('a', forbidden)).toMatchObject({ kind: 'state', state: 'disabled' });
  });

  it('to several requests at once counts once', () => {
    const attempt = { leasedAt: clock.now(), generation: 1 };
    clock.advance(1000);
    for (let i = 0; i < 5; i++) expect(report('a', forbidden, attempt)).toMatchObject({ kind: 'cooldown' });
  });

  it('is over when the account works', () => {
    report('a', forbidden);
    report('a', forbidden);
    expect(report('a', ok)).toEqual({ kind: 'cooldown_lifted', cause: 'forbidden' });
    expect(pool.cooldowns('a')).toEqual([]);
    expect(report('a', forbidden)).toMatchObject({ kind: 'cooldown' });
  });

  it('is not over for a stream that had begun before it', () => {
    const before = { leasedAt: clock.now(), generation: 1 };
    clock.advance(10);
    for (let i = 0; i < 2; i++) report('a', forbidden);
    report('a', ok, before);
    expect(report('a', forbidden)).toMatchObject({ kind: 'state', state: 'disabled' });
  });

  it('does not take more than a fifth of a pool out of service within an hour', () => {
    const ids = Array.from({ length: 20 }, (_, i) => `n${i}`);
    start(...ids);
    for (const id of ids) for (let i = 0; i < 3; i++) report(id, forbidden);
    expect(pool.counts().disabled).toBe(4);
    clock.advance(HOUR);
    for (const id of ids) report(id, forbidden);
    expect(pool.counts().disabled).toBe(8);
  });
});

describe('failures', () => {
  it('rest an account after three in a row while another one works', () => {
    report('a', failed);
    report('b', ok);
    report('a', failed);
    expect(report('a', failed)).toMatchObject({ kind: 'cooldown', cause: 'server_error', until: clock.now() + 30_000 });
    expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(0);
  });

  it('of several accounts are the backend’s: nobody rests, further attempts slow down until somebody gets through', () => {
    for (let i = 0; i < 4; i++) for (const id of ['a', 'b', 'c']) expect(report(id, failed)).toEqual(none);
    expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(1000);
    for (const id of ['a', 'b']) report(id, ok);
    expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(0);
  });

  it.each<Outcome>([{ kind: 'edge_blocked', status: 403 }, { kind: 'edge_not_found' }, { kind: 'overloaded', code: 'slow_down', message }])(
    'alike at several accounts (%j) slow further attempts down',
    (outcome) => {
      report('a', outcome);
      expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(0);
      report('b', outcome);
      expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(1000);
      expect(pool.counts()).toMatchObject({ usable: 3, cooling: 0 });
    },
  );

  it('of fresh tokens everywhere slow further attempts down as well', () => {
    expect(effects.backoffBeforeNextAttemptMs(unauthorized, 1)).toBe(0);
    for (const id of ['a', 'b', 'c']) refuseAfterRefresh(id);
    expect(effects.backoffBeforeNextAttemptMs(unauthorized, 1)).toBe(1000);
  });

  it('never touch the only account', () => {
    start('a');
    for (let i = 0; i < 9; i++) expect(report('a', failed)).toEqual(none);
  });

  it('of long ago do not count against the backend', () => {
    report('b', failed);
    report('c', failed);
    clock.advance(MINUTE);
    report('a', failed);
    expect(effects.backoffBeforeNextAttemptMs(failed, 1)).toBe(0);
  });
});

describe('quota readings', () => {
  it('move the account in the rotation and reach the database, unchanged ones once a minute', () => {
    for (const id of ['a', 'b', 'c']) effects.observeQuota(id, quotaUsed(clock.now(), clock.now() + HOUR, id === 'b' ? 10 : 50));
    expect([chosen(), chosen()]).toEqual(['b', 'b']);
    written.length = 0;
    const resetsAt = clock.now() + HOUR;
    clock.advance(59_000);
    effects.observeQuota('b', quotaUsed(clock.now(), resetsAt, 10));
    expect(written).toEqual([]);
    clock.advance(1000);
    effects.observeQuota('b', quotaUsed(clock.now(), resetsAt, 10));
    expect(written).toMatchObject([{ kind: 'quota', accountId: 'b' }]);
  });

  it('older than what is known are ignored', () => {
    effects.observeQuota('a', quotaUsed(clock.now(), 0, 60));
    effects.observeQuota('a', quotaUsed(clock.now() - 1, 0, 10));
    expect(pool.get('a')!.quota!.windows[0]!.usedPercent).toBe(60);
  });

  it('newer than a quota cooldown lift it when they show room, and only then', () => {
    const resetsAt = clock.now() + HOUR;
    effects.observeQuota('a', quotaUsed(clock.now(), resetsAt, 80));
    report('a', { kind: 'quota', resetsAt, family: null, message });
    effects.observeQuota('a', quotaUsed(clock.now(), resetsAt, 80));
    clock.advance(1000);
    effects.observeQuota('a', quotaUsed(clock.now(), resetsAt, 20, 100));
    expect(pool.cooldowns('a')).toHaveLength(1);
    effects.observeQuota('a', quotaUsed(clock.now(), resetsAt, 20, 99));
    expect(pool.cooldowns('a')).toEqual([]);
    expect(written.at(-1)).toEqual({ kind: 'cooldown_lifted', accountId: 'a', model: '*' });
  });
});

describe('other entrances', () => {
  it('takes a refresh that is refused for good for the end of the login', () => {
    pool.upsert(poolAccount('b', { state: 'paused' }));
    for (const id of ['a', 'b']) effects.permanentRefusal(id, 'refresh_token_reused', 'spent: rt_abcdefghijkl');
    expect(pool.get('a')!.state).toBe('needs_login');
    expect(written).toMatchObject([
      { from: 'active', state: 'needs_login', reason: 'refresh_token_reused', evidence: 'spent: [redacted]' },
      { from: 'paused', state: 'needs_login' },
    ]);
  });

  it('remembers who made a compaction item, and writes it once', () => {
    effects.restoreCiphertextOwner('h1', 'a');
    effects.rememberCiphertext('h2', 'b');
    effects.rememberCiphertext('h2', 'b');
    expect([effects.ciphertextOwner('h1'), effects.ciphertextOwner('h2'), effects.ciphertextOwner('h3')]).toEqual(['a', 'b', undefined]);
    expect(written).toEqual([{ kind: 'ciphertext_owner', hash: 'h2', accountId: 'b', at: clock.now() }]);
  });

  it('forgets the history of an account that was removed', () => {
    report('a', forbidden);
    report('a', forbidden);
    pool.remove('a');
    pool.upsert(poolAccount('a'));
    expect(report('a', forbidden)).toMatchObject({ kind: 'cooldown' });
  });
});
