import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, scaled, tally } from '../support/fault-scale.js';
import { ReplicaSet } from '../support/replica-set.js';

const ACCOUNTS = scaled(40, 15);
const REQUESTS = scaled(200, 75);
const REPLICAS = 3;

/** The backend refuses its access token, which by its own words lives for days. */
const refusedAccount = (n: number) => ({ ...createSandboxAccount(n), accessTokenExpiresAt: 1 });

describe('three replicas, and accounts whose access tokens are refused', () => {
  let backend: CodexBackend;
  let replicas: ReplicaSet;

  beforeEach(async () => {
    const accounts = Array.from({ length: ACCOUNTS }, (_, n) => refusedAccount(n + 1));
    backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
    replicas = await ReplicaSet.open(backend, accounts);
    await Promise.all(Array.from({ length: REPLICAS }, () => replicas.start()));
  }, 60_000);
  afterEach(async () => {
    await replicas.close();
    await backend.close();
  }, 30_000);

  it('a crowd of requests at once costs each account one refresh and no token twice, and every request is answered', async () => {
    // The vendor takes its time, so that everybody who wants a refresh finds one under way.
    backend.state.always('ok,head=200', { endpoint: 'token' });
    const startedAt = Date.now();
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, n) => replicas.gateways[n % REPLICAS]!.responses({ input: `request ${n}` })),
    );
    const ms = Date.now() - startedAt;
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: REQUESTS });
    const counts = backend.state.accounts.all.map((account) => account.counts);
    figures('refused tokens', {
      requests: REQUESTS,
      ms,
      refreshes: tally(counts.map(({ refreshes }) => refreshes)),
      unauthorized: counts.reduce((sum, { unauthorized }) => sum + unauthorized, 0),
    });
    expect(counts.map(({ refreshes, reused }) => ({ refreshes, reused }))).toEqual(
      counts.map(({ unauthorized }) => ({ refreshes: unauthorized > 0 ? 1 : 0, reused: 0 })),
    );
    expect(counts.filter(({ refreshes }) => refreshes === 1).length).toBeGreaterThan(ACCOUNTS * 0.9);
    const states = await Promise.all(replicas.gateways.map(async (gateway) => (await gateway.health()).states));
    expect(states.map(({ active }) => active)).toEqual([ACCOUNTS, ACCOUNTS, ACCOUNTS]);
  }, 60_000);
});
