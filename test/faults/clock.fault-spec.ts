import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, FULL, scaled } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { MovableClock } from '../support/movable-clock.js';

const ACCOUNTS = scaled(40, 6);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AFTER_MS = scaled(25_000, 1_000);
const LIMIT_MS = 4 * AFTER_MS + 30_000;

let backend: CodexBackend;
let gateway: GatewayProcess;
let clock: MovableClock;
afterEach(async () => {
  await gateway.stop('SIGKILL');
  await backend.close();
  clock.close();
});

const open = async (accessTokenLifeSec: number, offsetMs: number): Promise<void> => {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, { accessTokenLifeSec }));
  backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
  clock = new MovableClock(offsetMs);
  gateway = await GatewayProcess.start({ backend, accounts, env: clock.env, config: { 'refresh-interval': 10 } });
  await gateway.logged(({ msg }) => msg === 'accounts loaded');
};

let questions = 0;
/** Statuses of answers for a while, in which sweeps run. */
const asked = async (): Promise<Set<number>> => {
  const statuses = new Set<number>();
  const until = Date.now() + AFTER_MS;
  while (Date.now() < until) {
    const answer = await gateway.responses({ input: `question ${++questions}` });
    await answer.arrayBuffer();
    statuses.add(answer.status);
    await sleep(25);
  }
  return statuses;
};
const refreshes = (): number[] => backend.state.accounts.all.map(({ counts }) => counts.refreshes);
const each = (count: number): number[] => Array<number>(ACCOUNTS).fill(count);
const inService = async (): Promise<unknown> => {
  const { states } = await gateway.health();
  return [states.active, states.usable, states.cooling];
};

describe('a machine whose clock is wrong', () => {
  it.each([
    ['a day ahead', DAY_MS, 10 * 86_400, 0],
    ['a day behind', -DAY_MS, 10 * 86_400, 0],
    ['a day ahead, with tokens that seem to have ended', DAY_MS, 7_200, 1],
    ['a year ahead', 365 * DAY_MS, 10 * 86_400, 1],
    ['a day behind, with tokens that have ended and seem good', -DAY_MS, -60, 1],
  ])(
    'by %s: every account serves, and is renewed no more than once',
    async (_, offsetMs, lifeSec, renewals) => {
      await open(lifeSec, offsetMs);
      expect(await asked()).toEqual(new Set([200]));
      await expect(inService()).resolves.toEqual([ACCOUNTS, ACCOUNTS, 0]);
      for (const count of refreshes()) expect(count).toBeLessThanOrEqual(renewals);
      figures(`clock ${_}`, { refreshes: refreshes().reduce((sum, n) => sum + n) });
    },
    LIMIT_MS,
  );
});

describe('a clock that is set while the program runs', () => {
  it(
    'an hour forward and back, with tokens that live for days: nobody notices, and nothing is renewed',
    async () => {
      await open(10 * 86_400, 0);
      for (const offsetMs of [HOUR_MS, 0, -HOUR_MS, 0]) {
        clock.set(gateway, offsetMs);
        expect([offsetMs, await asked()]).toEqual([offsetMs, new Set([200])]);
      }
      expect(refreshes()).toEqual(each(0));
      await expect(inService()).resolves.toEqual([ACCOUNTS, ACCOUNTS, 0]);
    },
    LIMIT_MS,
  );

  it(
    'over the end of every token: each is renewed once, and going back does not renew them again',
    async () => {
      await open(45 * 60, 0);
      for (const offsetMs of [HOUR_MS, 0, HOUR_MS]) {
        clock.set(gateway, offsetMs);
        expect([offsetMs, await asked()]).toEqual([offsetMs, new Set([200])]);
      }
      for (const count of refreshes()) expect(count).toBeLessThanOrEqual(1);
      await expect(inService()).resolves.toEqual([ACCOUNTS, ACCOUNTS, 0]);
    },
    LIMIT_MS,
  );

  (FULL ? it : it.skip)(
    'three hours back while renewals fail: they are tried again all the same',
    async () => {
      const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, { accessTokenLifeSec: -60 }));
      backend = await startCodexBackend({ accounts });
      backend.state.always('500', { endpoint: 'token' });
      clock = new MovableClock(3 * HOUR_MS);
      gateway = await GatewayProcess.start({ backend, accounts, env: clock.env, config: { 'refresh-interval': 10 } });
      await gateway.logged(({ msg }) => msg === 'refresh sweep');
      clock.set(gateway, 0);
      backend.state.calm();
      const until = Date.now() + 40_000;
      while (refreshes().includes(0) && Date.now() < until) await sleep(100);
      expect(refreshes()).toEqual(each(1));
    },
    60_000,
  );
});
