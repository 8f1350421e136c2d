/**
 * What choosing an account costs with 20 000 of them, in the cases that are bad for a pool:
 * `npx swc src bench/micro -d build/micro --quiet && node build/micro/bench/micro/selection.bench.js`
 * Each figure is one lease and its return; p99 shows that no single choice pays for many.
 */
import { setFlagsFromString } from 'node:v8';
import { AccountPool, type LeaseQuery } from '../../src/accounts/pool/account-pool.service.js';
import type { PoolAccount } from '../../src/accounts/pool/pool-account.js';
import { Clock } from '../../src/common/clock.js';
import type { Config } from '../../src/config/config.js';

setFlagsFromString('--expose-gc');
const ACCOUNTS = 20_000;
const LEASES = 20_000;
const MODEL = 'gpt-5.4';
const FAR = 10 ** 12;

class BenchClock extends Clock {
  instant = 1_800_000_000_000;
  override now(): number {
    return this.instant;
  }
}

const account = (index: number, usedPercent: number | null, at: number): PoolAccount => ({
  id: `account-${index}`,
  chatgptAccountId: `workspace-${index}`,
  chatgptUserId: `user-${index}`,
  email: '',
  plan: 'plus',
  fedramp: false,
  ownership: 'owned',
  state: 'active',
  stateReason: '',
  stateSince: 0,
  takenOutAt: 0,
  draining: false,
  accessToken: 'token',
  accessExpiresAt: 0,
  lastRefreshAt: 0,
  refreshable: true,
  tokenGeneration: 1,
  quota: usedPercent === null ? null : { windows: [{ usedPercent, minutes: 300, resetsAt: at + FAR }], plan: null, credits: null, at },
});

interface Scene {
  readonly pool: AccountPool;
  readonly clock: BenchClock;
}

const scene = (config: Partial<Config>, used: (index: number) => number | null): Scene => {
  const clock = new BenchClock();
  const pool = new AccountPool({ accountMaxConcurrency: 0, selector: 'round-robin', ...config } as Config, clock);
  for (let i = 0; i < ACCOUNTS; i++) pool.upsert(account(i, used(i), clock.now()));
  return { pool, clock };
};

const query = (patch: Partial<LeaseQuery> = {}): LeaseQuery => ({
  model: MODEL,
  affinity: [],
  turnStart: true,
  tried: new Set(),
  ...patch,
});

const cool = ({ pool, clock }: Scene, index: number, ms: number, cause: 'quota' | 'server_error' = 'quota', model = '*'): void => {
  const since = clock.now();
  pool.applyCooldown({ accountId: `account-${index}`, model, since, until: since + ms, cause, source: 'bench' });
};

const spread = (index: number): number => (index * 7919) % 101;
const times = (from: number, to: number, act: (index: number) => void): void => {
  for (let i = from; i < to; i++) act(i);
};

type Step = (turn: number) => void;

/** Name, and a function that builds the pool and returns one measured step. */
const CASES: readonly (readonly [string, () => Step])[] = [
  ['nothing known of any quota', () => plain(scene({}, () => null))],
  ['quotas spread from 0 to 100', () => plain(scene({}, spread))],
  ['quota-first, quotas spread', () => plain(scene({ selector: 'quota-first' }, spread))],
  ['19 990 cool down', () => plain(prepared({}, (s) => times(10, ACCOUNTS, (i) => cool(s, i, FAR))))],
  [
    '19 990 at their cap of one',
    () => plain(prepared({ accountMaxConcurrency: 1 }, (s) => times(10, ACCOUNTS, () => s.pool.lease(query())))),
  ],
  [
    '19 990 not entitled to the model',
    () => plain(prepared({}, (s) => times(10, ACCOUNTS, (i) => s.pool.refuseModel(`account-${i}`, MODEL, s.clock.now() + FAR)))),
  ],
  [
    'half not entitled to the model',
    () => plain(prepared({}, (s) => times(0, ACCOUNTS / 2, (i) => s.pool.refuseModel(`account-${i * 2}`, MODEL, s.clock.now() + FAR)))),
  ],
  [
    '64 not entitled, at the front of the queue',
    () => plain(prepared({}, (s) => times(0, 64, (i) => s.pool.refuseModel(`account-${i}`, MODEL, s.clock.now() + FAR)))),
  ],
  ['20 models, each refused by half', () => plain(prepared({}, (s) => twentyModels(s)))],
  [
    'all but ten rest, those ten tried',
    () =>
      tried(
        prepared({}, (s) => times(10, ACCOUNTS, (i) => cool(s, i, FAR + i, 'server_error'))),
        10,
      ),
  ],
  ['100 accounts tried', () => tried(scene({}, spread), 100)],
  ['20 000 conversations with affinity', () => conversations(scene({}, spread))],
  ['a cooldown begins and another ends at each', () => churn(scene({}, spread))],
  ['16 000 cooldowns have ended at once', () => ended(scene({}, spread))],
  ['a quota changes at each', () => moving(scene({}, spread))],
];

function prepared(config: Partial<Config>, prepare: (s: Scene) => void): Scene {
  const made = scene(config, spread);
  prepare(made);
  return made;
}

function twentyModels(s: Scene): void {
  for (let model = 0; model < 20; model++) {
    const name = model === 0 ? MODEL : `gpt-5.${model}-other`;
    times(0, ACCOUNTS / 2, (i) => s.pool.refuseModel(`account-${(i * 2 + model) % ACCOUNTS}`, name, s.clock.now() + FAR));
    s.pool.lease(query({ model: name }))?.[Symbol.dispose]();
  }
}

function plain({ pool }: Scene): Step {
  return () => pool.lease(query())![Symbol.dispose]();
}

function tried({ pool }: Scene, count: number): Step {
  const used = new Set(Array.from({ length: count }, (_, i) => `account-${i}`));
  return () => pool.lease(query({ tried: used }))![Symbol.dispose]();
}

function conversations({ pool }: Scene): Step {
  return (turn) => {
    using lease = pool.lease(query({ affinity: [`session-${turn % 20_000}`] }))!;
    lease.succeeded([`session-${turn % 20_000}`]);
  };
}

function churn(s: Scene): Step {
  return (turn) => {
    s.clock.instant += 1;
    cool(s, turn % ACCOUNTS, 5000);
    s.pool.lease(query())![Symbol.dispose]();
  };
}

function ended(s: Scene): Step {
  return (turn) => {
    // Once in 2 000 steps, so that it does not touch the percentiles.
    if (turn % 2000 === 0) {
      times(0, 16_000, (i) => cool(s, i, 1000));
      s.clock.instant += 1000;
    }
    s.pool.lease(query())![Symbol.dispose]();
  };
}

function moving(s: Scene): Step {
  return (turn) => {
    s.clock.instant += 1;
    using lease = s.pool.lease(query())!;
    s.pool.setQuota(lease.account.id, account(0, (turn * 31) % 101, s.clock.now()).quota!);
  };
}

const measure = (step: Step): { median: number; p99: number; max: number } => {
  for (let i = 0; i < 2000; i++) step(i);
  globalThis.gc?.();
  const samples = new Float64Array(LEASES);
  for (let i = 0; i < LEASES; i++) {
    const before = process.hrtime.bigint();
    step(i);
    samples[i] = Number(process.hrtime.bigint() - before) / 1000;
  }
  samples.sort();
  return { median: samples[LEASES / 2]!, p99: samples[Math.floor(LEASES * 0.99)]!, max: samples[LEASES - 1]! };
};

console.log(`one lease and its return, ${ACCOUNTS} accounts, µs`.padEnd(52), 'median', '   p99', '      max');
for (const [name, build] of CASES) {
  const { median, p99, max } = measure(build());
  console.log(name.padEnd(52), median.toFixed(2).padStart(6), p99.toFixed(2).padStart(6), max.toFixed(0).padStart(9));
}
