import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount, quotaUsed } from '../../../test/support/pool-account.js';
import type { Config } from '../../config/config.js';
import { isLimit } from './cooldowns.js';
import { AccountLease } from './account-lease.js';
import { AccountPool, type LeaseQuery } from './account-pool.service.js';
import type { Cooldown, CooldownCause, PoolAccount } from './pool-account.js';

const MODELS = ['gpt-5.4', 'gpt-5.3-codex-spark'];
const CAP = 2;

/** The rules of selection in their plainest form: an array that is filtered and sorted for each question. */
class NaivePool {
  readonly accounts = new Map<string, { account: PoolAccount; pickedAt: number; inFlight: number }>();
  limits: Cooldown[] = [];
  rests = new Map<string, Cooldown>();
  refused: { id: string; model: string; until: number }[] = [];
  private picks = 0;
  private arrivals = -1e9;

  upsert(account: PoolAccount): void {
    const known = this.accounts.get(account.id);
    if (known) known.account = account;
    else this.accounts.set(account.id, { account, pickedAt: this.arrivals++, inFlight: 0 });
  }

  remove(id: string): void {
    this.accounts.delete(id);
    this.limits = this.limits.filter((limit) => limit.accountId !== id);
    this.rests.delete(id);
    this.refused = this.refused.filter((refusal) => refusal.id !== id);
  }

  cool(cooldown: Cooldown): void {
    if (!this.accounts.has(cooldown.accountId)) return;
    const { accountId, model, until, since } = cooldown;
    const running = (scope: string): number =>
      Math.max(0, ...this.limits.filter((l) => l.accountId === accountId && l.model === scope && l.until > since).map((l) => l.until));
    if (isLimit(cooldown.cause)) {
      if (running(model) < until) this.limits = [...this.limits.filter((l) => l.accountId !== accountId || l.model !== model), cooldown];
    } else if (Math.max(running('*'), this.restEnd(accountId, since)) < until) this.rests.set(accountId, cooldown);
  }

  restEnd(id: string, now: number): number {
    const until = this.rests.get(id)?.until ?? 0;
    return until > now ? until : 0;
  }

  remaining({ quota }: PoolAccount, now: number): number {
    const open = (quota?.windows ?? []).filter(({ resetsAt }) => resetsAt > now);
    return Math.min(100, ...open.map(({ usedPercent }) => 100 - usedPercent));
  }

  /** Accounts that could serve, resting ones included. */
  private able(model: string, tried: ReadonlySet<string>, now: number) {
    const family = model.includes('spark') ? 'codex_bengalfox' : model;
    return [...this.accounts.values()].filter(
      ({ account: { id, state, draining }, inFlight }) =>
        state === 'active' &&
        !draining &&
        inFlight < CAP &&
        !tried.has(id) &&
        !this.limits.some((l) => l.accountId === id && l.until > now && ['*', model, family].includes(l.model)) &&
        !this.refused.some((r) => r.id === id && r.model === model && r.until > now),
    );
  }

  choose(model: string, tried: ReadonlySet<string>, span: number, now: number): string | null {
    const able = this.able(model, tried, now);
    const ready = able.filter(({ account }) => this.restEnd(account.id, now) === 0);
    const best = Math.max(...ready.map(({ account }) => this.remaining(account, now)));
    const window = ready.filter(({ account }) => this.remaining(account, now) >= best - span);
    const next = window.sort((a, b) => a.pickedAt - b.pickedAt)[0];
    if (next) return next.account.id;
    const soonest = Math.min(...able.map(({ account }) => this.restEnd(account.id, now)));
    return able.find(({ account }) => this.restEnd(account.id, now) === soonest)?.account.id ?? null;
  }

  available(model: string, now: number): number {
    return this.able(model, new Set(), now).filter(({ account }) => this.restEnd(account.id, now) === 0).length;
  }

  picked(id: string): void {
    const entry = this.accounts.get(id)!;
    entry.pickedAt = ++this.picks;
    entry.inFlight++;
  }
}

const id = fc.integer({ min: 0, max: 7 }).map((n) => `n${n}`);
const model = fc.constantFrom(...MODELS);
const cause = fc.constantFrom<CooldownCause>('quota', 'rate_limit', 'not_included', 'unauthorized', 'payment', 'forbidden', 'server_error');
const ms = fc.integer({ min: 1, max: 200 });

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('upsert' as const),
      id,
      used: fc.option(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))),
      resetIn: ms,
      state: fc.constantFrom('active' as const, 'active' as const, 'active' as const, 'paused' as const),
      draining: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cool' as const),
      id,
      scope: fc.constantFrom('*', '*', ...MODELS, 'codex_bengalfox'),
      cause,
      ms,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), id, model, ms }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('lease' as const), model, tried: fc.array(id, { maxLength: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms }) },
);

const ask = (model: string, tried: readonly string[] = []): LeaseQuery => ({ model, affinity: [], turnStart: true, tried: new Set(tried) });

describe.each([
  ['round-robin', 10],
  ['quota-first', 0],
] as const)('%s, any sequence of events', (selector, span) => {
  it('chooses what filtering and sorting all accounts would choose', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const clock = new FakeClock();
        const pool = new AccountPool({ accountMaxConcurrency: CAP, selector } as Config, clock);
        const naive = new NaivePool();
        const held: AccountLease[] = [];
        for (const event of steps) {
          const now = clock.now();
          switch (event.do) {
            case 'upsert': {
              const quota = event.used ? quotaUsed(now, now + event.resetIn, ...event.used) : (pool.get(event.id)?.quota ?? null);
              const patch = { quota, state: event.state, draining: event.draining };
              pool.upsert(poolAccount(event.id, patch));
              naive.upsert(poolAccount(event.id, patch));
              break;
            }
            case 'remove':
              pool.remove(event.id);
              naive.remove(event.id);
              break;
            case 'cool': {
              const scope = isLimit(event.cause) ? event.scope : '*';
              const cooldown = { accountId: event.id, model: scope, since: now, until: now + event.ms, cause: event.cause, source: 'test' };
              pool.applyCooldown(cooldown);
              naive.cool(cooldown);
              break;
            }
            case 'refuse':
              if (!pool.get(event.id)) break;
              pool.refuseModel(event.id, event.model, now + event.ms);
              naive.refused = naive.refused.filter((refusal) => refusal.id !== event.id || refusal.model !== event.model);
              naive.refused.push({ id: event.id, model: event.model, until: now + event.ms });
              break;
            case 'lease': {
              // Looks at every account, and so brings all of them up to date; a lease does that for a few at a time.
              expect(pool.explain(ask(event.model)).available).toBe(naive.available(event.model, now));
              const expected = naive.choose(event.model, new Set(event.tried), span, now);
              const lease = pool.lease(ask(event.model, event.tried));
              const chosen = lease?.account.id ?? null;
              if (expected === null || naive.restEnd(expected, now) === 0) expect(chosen).toBe(expected);
              else expect(naive.restEnd(chosen!, now)).toBe(naive.restEnd(expected, now));
              if (lease) {
                naive.picked(lease.account.id);
                held.push(lease);
              }
              break;
            }
            case 'release': {
              const [lease] = held.length > 0 ? held.splice(event.nth % held.length, 1) : [];
              if (!lease) break;
              const known = naive.accounts.get(lease.account.id);
              // A lease of an account that was removed since gives nothing back to the one that came under its id.
              if (known && pool.get(lease.account.id) === lease.account) known.inFlight--;
              lease[Symbol.dispose]();
              break;
            }
            case 'pass':
              clock.advance(event.ms);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('meets every account of the window once per cycle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 }), (size, cycles) => {
        const clock = new FakeClock();
        const pool = new AccountPool({ accountMaxConcurrency: 0, selector } as Config, clock);
        for (let i = 0; i < size; i++) {
          pool.upsert(poolAccount(`n${i}`, { quota: quotaUsed(clock.now(), clock.now() + 1000, span === 0 ? 0 : i % (span + 1)) }));
        }
        for (let i = 0; i < 3; i++) pool.upsert(poolAccount(`low${i}`, { quota: quotaUsed(clock.now(), clock.now() + 1000, 50) }));
        for (let cycle = 0; cycle < cycles; cycle++) {
          const seen = Array.from({ length: size }, () => {
            using lease = pool.lease(ask('gpt-5.4'))!;
            return lease.account.id;
          });
          expect(new Set(seen)).toEqual(new Set(Array.from({ length: size }, (_, i) => `n${i}`)));
        }
      }),
      { numRuns: 50 },
    );
  });
});
