import { describe, expect, it, jest } from '@jest/globals';
import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { AccountLoader } from '../accounts/account-loader.service.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountPool, type PoolCounts } from '../accounts/pool/account-pool.service.js';
import { AccountChangeWriter } from '../accounts/storage/account-change.writer.js';
import { DatabaseStatus, DatabaseTrouble } from '../database/database-status.service.js';
import { DrainService } from '../inbound/drain.service.js';
import { RescueService } from '../refresh/rescue.service.js';
import { DegradationIndicators } from './degradation.indicators.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ReadinessIndicators } from './readiness.indicators.js';

const GOOD = {
  counts: { active: 3, usable: 3 } as Partial<PoolCounts>,
  migrated: true,
  trouble: async () => null as DatabaseTrouble | null,
  disturbed: false,
  draining: false,
  written: true,
  inMemoryOnly: 0,
  alarm: false,
  loading: 'loaded',
};

const healthWith = async (change: Partial<typeof GOOD> = {}): Promise<HealthService> => {
  const { counts, migrated, trouble, disturbed, draining, written, inMemoryOnly, alarm, loading } = { ...GOOD, ...change };
  const all: PoolCounts = { active: 0, paused: 0, needs_login: 0, disabled: 0, retired: 0, cooling: 0, usable: 0, ...counts };
  const size = all.active + all.paused + all.needs_login + all.disabled + all.retired;
  const testing = await Test.createTestingModule({
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [
      HealthService,
      ReadinessIndicators,
      DegradationIndicators,
      { provide: AccountPool, useValue: { counts: () => all, size } },
      { provide: DatabaseStatus, useValue: { migrated, trouble, disturbed } },
      { provide: DrainService, useValue: { draining } },
      { provide: AccountChangeWriter, useValue: { healthy: written } },
      { provide: RescueService, useValue: { inMemoryOnly } },
      { provide: AccountEffects, useValue: { guard: { alarm } } },
      { provide: AccountLoader, useValue: { progress: { state: loading } } },
    ],
  }).compile();
  return testing.get(HealthService);
};
const refusing = { options: { type: 'postgres' }, query: async () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432')) };
const away = { trouble: () => new DatabaseStatus(refusing as never, {} as never).trouble() };

describe('readiness', () => {
  it('is given when everything is well', async () => {
    expect(await (await healthWith()).readiness()).toEqual({
      status: 'ok',
      reasons: [],
      checks: {
        database: 'up',
        connections: 'up',
        migrations: 'up',
        accounts: 'up',
        shutdown: 'up',
        writes: 'up',
        tokens: 'up',
        removals: 'up',
        loading: 'up',
      },
    });
  });

  it.each([
    ['migrations are missing', { migrated: false }, 'the migrations have not run'],
    ['no account is usable', { counts: { active: 2, cooling: 2 } }, 'no account is usable'],
    ['the process shuts down', { draining: true }, 'this process is shutting down'],
  ])('is refused, with the reason, when %s', async (_name, change, reason) => {
    const readiness = await (await healthWith(change)).readiness();
    expect([readiness.status, readiness.reasons]).toEqual(['error', [reason]]);
  });

  it.each([
    ['the database is away', away, 'the database does not answer'],
    ['the database only reads', { trouble: async () => 'takes no writes' as const }, 'the database takes no writes'],
    ['connections do not last', { disturbed: true }, 'the database cuts connections; what other replicas change is known later than usual'],
    ['changes wait to be written', { written: false }, 'changes of accounts wait for the database'],
    ['tokens are in memory only', { inMemoryOnly: 1 }, 'new tokens are in memory only: neither the database nor the disk takes them'],
    ['verdicts are held back', { alarm: true }, 'more accounts look lost than may be taken out of service within an hour'],
    ['accounts are being loaded', { loading: 'loading' }, 'accounts are still being loaded'],
  ])('is given, and says what is wrong, when %s', async (_name, change, reason) => {
    const health = await healthWith(change);
    expect(await health.readiness()).toMatchObject({ status: 'degraded', reasons: [reason] });
    expect(await health.summary()).toMatchObject({ status: 'degraded', reasons: [reason] });
  });

  it('tells what is degraded from what refuses it', async () => {
    const { checks } = await (await healthWith({ ...away, draining: true })).readiness();
    expect(checks).toMatchObject({ database: 'degraded', shutdown: 'down', accounts: 'up' });
  });

  it('gives away neither addresses nor stacks', async () => {
    expect(JSON.stringify(await (await healthWith(away)).readiness())).not.toMatch(/10\.1\.2\.3|ECONN|at /);
  });
});

describe('the answer', () => {
  it.each([
    [200, {}],
    [200, away],
    [503, { draining: true }],
  ])('is %d', async (status, change) => {
    const code = jest.fn();
    const controller = new HealthController(await healthWith(change));
    await controller.ready({ code } as unknown as FastifyReply);
    expect(code).toHaveBeenCalledWith(status);
  });
});

describe('the summary', () => {
  it.each([
    ['ok', { counts: { active: 3, usable: 2, cooling: 1, paused: 1 } }],
    ['ok', { counts: { active: 9, usable: 9, needs_login: 2 } }],
    ['degraded', { counts: { active: 2, usable: 2, needs_login: 1, disabled: 1 } }],
    ['degraded', away],
    ['degraded', { draining: true }],
    ['down', { counts: { active: 2, cooling: 2 } }],
    ['down', { counts: {} }],
  ])('is %s for %j', async (status, change) => {
    expect((await (await healthWith(change)).summary()).status).toBe(status);
  });

  it('counts the accounts that are loaded, in any state', async () => {
    const summary = await (await healthWith({ counts: { active: 2, usable: 2, paused: 1, retired: 1 } })).summary();
    expect(summary).toMatchObject({
      accounts: 4,
      states: { active: 2, paused: 1, retired: 1, usable: 2 },
      version: expect.stringMatching(/^\d/),
    });
  });
});
