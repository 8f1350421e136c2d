import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolAccount } from '../../../test/support/pool-account.js';
import { testConfig } from '../../../test/support/test-config.js';
import type { Outcome } from '../../upstream/outcome.js';
import { AccountPool } from '../pool/account-pool.service.js';
import type { PoolAccount } from '../pool/pool-account.js';
import type { AccountChangeWriter } from '../storage/account-change.writer.js';
import { AccountEffects } from './account-effects.service.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const message = 'words of upstream';
const OUTCOMES: Outcome[] = [
  { kind: 'unauthorized', code: null, dead: false, message },
  { kind: 'payment_required', code: null, message },
  { kind: 'forbidden', code: null, message },
];
const config = testConfig({ quotaHttpStatusActions: { 418: 'disable', 402: 'remove' } });

/** One process after another on the same accounts, with nothing but what the accounts themselves remember. */
class World {
  readonly clock = new FakeClock();
  readonly accounts: PoolAccount[];
  readonly left = new Map<string, number[]>();
  #pool!: AccountPool;
  #effects!: AccountEffects;

  constructor(readonly size: number) {
    this.accounts = Array.from({ length: size }, (_, n) => poolAccount(`a${n}`));
    this.restart();
  }

  restart(): void {
    this.#pool = new AccountPool(config, this.clock);
    this.#effects = new AccountEffects(this.#pool, { enqueue: () => undefined } as unknown as AccountChangeWriter, config, this.clock);
    for (const account of this.accounts) this.#pool.upsert(account);
  }

  say(n: number, outcome: Outcome): void {
    const account = this.accounts[n % this.size]!;
    const { id } = account;
    this.#effects.report(this.accounts[(n + 1) % this.size]!.id, 'gpt-5.4', { kind: 'ok' });
    if (outcome.kind === 'unauthorized' && this.#effects.mayForceRefresh(id)) {
      this.#effects.noteUnauthorized(id);
      this.#pool.upsert({ ...account, tokenGeneration: account.tokenGeneration + 1 });
    }
    const was = this.#pool.get(id)!.state;
    const effects = [
      this.#effects.report(id, 'gpt-5.4', outcome),
      this.#effects.reportUsage(id, { outcome, status: outcome.kind === 'payment_required' ? 402 : 418, refreshed: true }),
      this.#effects.reportFailedChecks(id, outcome, { inRow: 3, previousAt: 0, othersAnswered: true }),
    ];
    this.accounts[n % this.size] = this.#pool.get(id)!;
    if (was !== 'active' || !effects.some(({ kind }) => kind === 'state')) return;
    this.left.set(id, [...(this.left.get(id) ?? []), this.clock.now()]);
  }

  comeBack(n: number): void {
    const { id } = this.accounts[n % this.size]!;
    this.clock.advance(1);
    this.#effects.comeBack(id, this.clock.now());
    this.accounts[n % this.size] = this.#pool.get(id)!;
  }

  /** The most accounts that have left within any hour. */
  mostInAnHour(): number {
    const instants = [...this.left.values()].flat();
    const within = (end: number): number => [...this.left.values()].filter((ats) => ats.some((at) => at > end - HOUR && at <= end)).length;
    return Math.max(0, ...instants.map(within));
  }
}

describe('whatever the backend answers', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('no more than a fifth of the accounts, or three of them, leave within an hour by what is inferred from statuses', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ say: fc.nat(200), outcome: fc.nat(2) }) },
      { weight: 4, arbitrary: fc.record({ pass: fc.integer({ min: 1000, max: 20 * MINUTE }) }) },
      { weight: 2, arbitrary: fc.record({ back: fc.nat(200) }) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    let left = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(step, { minLength: 50, maxLength: 400 }), (size, steps) => {
        const world = new World(size);
        for (const one of steps) {
          if (one === 'restart') world.restart();
          else if ('pass' in one) world.clock.advance(one.pass);
          else if ('back' in one) world.comeBack(one.back);
          else world.say(one.say, OUTCOMES[one.outcome]!);
        }
        left += world.left.size;
        expect(world.mostInAnHour()).toBeLessThanOrEqual(Math.max(3, Math.floor(size * 0.2)));
      }),
      { numRuns: 150 },
    );
    expect(left).toBeGreaterThan(100);
  });
});
