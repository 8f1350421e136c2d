import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, FULL } from '../support/fault-scale.js';
import { startPostgres, TestPostgres } from '../support/postgres.js';
import { ReplicaSet } from '../support/replica-set.js';

/** The lease of the killed one runs so long, with a call of a second; then it may still come back for a minute, if its intent is open. */
const LEASE_MS = 16_000;
const SILENCE_MS = 60_000;
const ASK_EVERY_MS = 500;
const SLACK_MS = 30_000;

interface Ending {
  /** From the kill until the other one has answered with 200, or has taken the account out of service. */
  readonly ms: number;
  readonly statuses: readonly number[];
  readonly out: { readonly reason?: unknown; readonly evidence?: unknown } | null;
  readonly counts: { readonly refreshes: number; readonly reused: number };
  /** After a restart of the killed one. */
  readonly restarted: number;
  readonly storedInFile: boolean;
}

/** Refused by the backend, but good by its own words: the refresh is made for a request, where the request is. */
const refusedAccount = { ...createSandboxAccount(1), accessTokenExpiresAt: 1 };

async function kill(postgres: TestPostgres, point: string, prepare: (backend: CodexBackend) => void): Promise<Ending> {
  const backend = await startCodexBackend({ accounts: [refusedAccount] });
  prepare(backend);
  const set = await ReplicaSet.open(backend, [refusedAccount], { 'refresh-single-timeout-sec': 1 }, postgres);
  try {
    const other = await set.start();
    const victim = await set.start({ env: { NODE_ENV: 'test', TEST_CRASH_AT: point } });
    const told = await victim.responses({ input: 'hi' }).then(
      (answer) => answer.status,
      () => null,
    );
    if (told !== null) throw new Error(`not killed ${point}, but answered ${told}:\n${victim.log}`);
    await victim.ended();
    const killedAt = Date.now();
    const statuses: number[] = [];
    let out: Ending['out'] = null;
    const leaves = other
      .logged(({ msg }) => msg === 'account is out of service', LEASE_MS + SILENCE_MS + SLACK_MS)
      .then(
        (entry) => (out = entry),
        () => undefined,
      );
    while (!statuses.includes(200) && !out && Date.now() < killedAt + LEASE_MS + SILENCE_MS + SLACK_MS) {
      statuses.push((await other.responses({ input: 'hi' })).status);
      await sleep(ASK_EVERY_MS);
    }
    const ms = Date.now() - killedAt;
    const again = await set.start({ dir: victim.dir });
    const restarted = (await again.responses({ input: 'hi' })).status;
    await again.stop('SIGTERM');
    await other.stop('SIGTERM');
    await leaves;
    const { counts, tokens } = backend.state.account(1);
    figures(`killed ${point}`, { ms, refreshes: counts.refreshes, reused: counts.reused, asked: statuses.length });
    return { ms, statuses, out, counts, restarted, storedInFile: set.refreshTokensInFiles()[0] === tokens.refreshToken };
  } finally {
    await set.close();
    await backend.close();
  }
}

describe('kill -9 in the middle of a refresh, on Postgres, with another replica alive', () => {
  let postgres: TestPostgres;
  const endings = new Map<string, Promise<Ending>>();
  const begin = (name: string, point: string, prepare: (backend: CodexBackend) => void = () => undefined): void => {
    const ending = kill(postgres, point, prepare);
    ending.catch(() => undefined);
    endings.set(name, ending);
  };
  const TEST_MS = LEASE_MS + SILENCE_MS + 3 * SLACK_MS;
  const grace = ({ state }: CodexBackend): void => void (state.accounts.reuseGraceMs = 600_000);

  beforeAll(async () => {
    postgres = await startPostgres();
    begin('after-commit', 'after-commit');
    if (!FULL) return;
    begin('before-intent', 'before-intent');
    begin('after-intent', 'after-intent');
    begin('after-answer', 'after-answer');
    begin('after-answer, with grace', 'after-answer', grace);
  }, 60_000);
  afterAll(async () => {
    await Promise.allSettled(endings.values());
    await postgres.stop();
  }, TEST_MS);

  const inFull = FULL ? it : it.skip;

  inFull(
    'before the intent: the other one renews the account when the lease has run out',
    async () => {
      const { ms, ...ending } = await endings.get('before-intent')!;
      expect(ending).toMatchObject({ out: null, counts: { refreshes: 1, reused: 0 }, restarted: 200, storedInFile: true });
      expect(ms).toBeLessThan(LEASE_MS + SLACK_MS);
    },
    TEST_MS,
  );

  it(
    'after the commit: the other one has the new token at once',
    async () => {
      const { ms, ...ending } = await endings.get('after-commit')!;
      expect(ending).toMatchObject({ out: null, counts: { refreshes: 1, reused: 0 }, restarted: 200 });
      expect(ms).toBeLessThan(5_000);
    },
    TEST_MS,
  );

  inFull(
    'after the intent: the other one waits for the killed one to come back, then renews the account',
    async () => {
      const { ms, ...ending } = await endings.get('after-intent')!;
      expect(ending).toMatchObject({ out: null, counts: { refreshes: 1, reused: 0 }, restarted: 200, storedInFile: true });
      expect(ms).toBeGreaterThan(LEASE_MS + SILENCE_MS - 5_000);
    },
    TEST_MS,
  );

  inFull(
    'after the vendor’s answer: only the vendor’s repeated word asks for a new login, and says why',
    async () => {
      const { out, counts, restarted } = await endings.get('after-answer')!;
      expect(out).toMatchObject({ reason: 'refresh_token_reused', evidence: expect.stringMatching(/the token may have been spent/) });
      expect([counts, restarted]).toMatchObject([{ refreshes: 1, reused: 2 }, 503]);
    },
    TEST_MS,
  );

  inFull(
    'after the vendor’s answer, which it repeats for a while: the account serves again',
    async () => {
      const ending = await endings.get('after-answer, with grace')!;
      expect(ending).toMatchObject({ out: null, counts: { refreshes: 1, reused: 0 }, restarted: 200, storedInFile: true });
    },
    TEST_MS,
  );
});
