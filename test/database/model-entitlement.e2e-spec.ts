import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import type { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { startPostgres, TestPostgres } from '../support/postgres.js';

/** In which one replica knows what another one has found out. */
const SHARED_MS = 1_000;

describe('models on two replicas', () => {
  const auths = mkdtempSync(join(tmpdir(), 'entitled-'));
  let postgres: TestPostgres;
  let backend: CodexBackend;
  let replicas: GatewayProcess[] = [];
  let spawn: () => Promise<GatewayProcess>;

  beforeAll(async () => {
    const accounts = [createSandboxAccount(1), createSandboxAccount(2), createSandboxAccount(3, { plan: 'free' })];
    backend = await startCodexBackend({ accounts });
    backend.state.account(2).models = ['gpt-5.5'];
    for (const account of accounts) writeFileSync(join(auths, sandboxAccountFile(account).name), sandboxAccountFile(account).content);
    postgres = await startPostgres();
    const config = { 'db-enabled': true, 'db-driver': 'postgres', 'db-dsn': await postgres.createDatabase(), 'auth-dir': auths };
    spawn = async () => {
      const gateway = GatewayProcess.spawn({ backend, config, env: { CODEX_PROXY_ENCRYPTION_KEY: 'the same for both' } });
      await gateway.logged(({ msg }) => msg === 'accounts loaded', 30_000);
      await gateway.listening();
      return gateway;
    };
    replicas = [await spawn(), await spawn()];
  }, 90_000);
  afterAll(async () => {
    for (const replica of replicas) await replica.stop('SIGKILL');
    await backend.close();
    await postgres.stop();
    rmSync(auths, { recursive: true, force: true });
  }, 60_000);

  const attempts = (): RecordedRequest[] => backend.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/responses'));
  const listed = async (replica: GatewayProcess, id: string): Promise<object> =>
    (await (await replica.request(`/v1/models/${id}`)).json()) as object;
  /** The status, and the accounts that were asked. */
  const ask = async (replica: GatewayProcess, model: string): Promise<[number, string, (string | null)[]]> => {
    const before = attempts().length;
    const answer = await replica.responses({ model, input: 'hi' });
    const { error } = (await answer.json()) as { error?: { message: string } | null };
    return [
      answer.status,
      error?.message ?? '',
      attempts()
        .slice(before)
        .map(({ account }) => account),
    ];
  };

  it('go to accounts that have them alone, on the one that has asked and on the other', async () => {
    const [first, second] = replicas as [GatewayProcess, GatewayProcess];
    expect(await listed(first, 'gpt-5.4')).toMatchObject({ id: 'gpt-5.4', context_window: 272_000 });
    await setTimeout(SHARED_MS);
    for (const replica of [first, second, first, second]) expect(await ask(replica, 'gpt-5.4')).toEqual([200, '', ['account-1']]);
  });

  it('that nobody may use are not found, with a near one, and the other replica does not ask again', async () => {
    const [first, second] = replicas as [GatewayProcess, GatewayProcess];
    const [status, message, asked] = await ask(first, 'gpt-5.49');
    expect([status, asked.length]).toEqual([404, 3]);
    expect(message).toContain("Did you mean 'gpt-5.4'?");
    await setTimeout(SHARED_MS);
    expect(await ask(second, 'gpt-5.49')).toEqual([404, "no account may use the model 'gpt-5.49'. Did you mean 'gpt-5.4'?", []]);
  });

  it('are known after a restart', async () => {
    await replicas[0]!.stop();
    replicas[0] = await spawn();
    expect(await ask(replicas[0], 'gpt-5.4')).toEqual([200, '', ['account-1']]);
    expect(await ask(replicas[0], 'gpt-5.49')).toMatchObject([404, expect.any(String), []]);
  });
});
