import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, scaled } from '../support/fault-scale.js';
import { FaultyRoad } from '../support/faulty-road.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { startHttpProxy, startSocksProxy, TestProxy } from '../support/upstream-proxies.js';

const ACCOUNTS = 4;
const DOWN_MS = scaled(60_000, 1_000);
const BACK_MS = 60_000;
const credentials = { username: 'user', password: 'right-word' };

let backend: CodexBackend;
let proxy: TestProxy;
let road: FaultyRoad;
let gateway: GatewayProcess;
afterEach(async () => {
  await gateway.stop('SIGKILL');
  await road.close();
  await proxy.close();
  await backend.close();
});

/** Every access token has ended: nothing works before the token endpoint is reached, which is behind the proxy too. */
const open = async (kind: 'http' | 'socks5', password: string): Promise<void> => {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, { accessTokenLifeSec: -60 }));
  backend = await startCodexBackend({ accounts });
  proxy = await (kind === 'http' ? startHttpProxy({ credentials }) : startSocksProxy({ credentials }));
  road = await FaultyRoad.to(`http://127.0.0.1:${proxy.port}`);
  if (password === credentials.password) await road.refuse();
  const proxyUrl = `${kind}://${credentials.username}:${password}@127.0.0.1:${road.port}`;
  gateway = await GatewayProcess.start({ backend, accounts, config: { 'proxy-url': proxyUrl, 'refresh-interval': 10 } });
};

const ask = async (): Promise<number> => {
  const answer = await gateway.responses({ input: `question ${Math.random()}` });
  await answer.arrayBuffer();
  return answer.status;
};

describe.each(['http', 'socks5'] as const)('a proxy (%s)', (kind) => {
  it(
    'that is down at the start and comes up later: the program starts, no account is lost, and all of them serve',
    async () => {
      await open(kind, credentials.password);
      const downFrom = Date.now();
      while (Date.now() < downFrom + DOWN_MS) {
        expect(await ask()).toBeGreaterThanOrEqual(500);
        await sleep(250);
      }
      expect(backend.requests).toHaveLength(0);
      await road.pass();
      const upFrom = Date.now();
      const all = backend.state.accounts.all;
      while (all.some(({ counts }) => counts.refreshes === 0) && Date.now() < upFrom + BACK_MS) {
        await ask();
        await sleep(100);
      }
      figures(`${kind} proxy down at start`, { downMs: DOWN_MS, backMs: Date.now() - upFrom });
      expect(all.map(({ counts }) => [counts.refreshes, counts.reused])).toEqual(all.map(() => [1, 0]));
      expect((await gateway.health()).states.active).toBe(ACCOUNTS);
      expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 200]);
    },
    DOWN_MS + BACK_MS + 30_000,
  );

  it('that refuses its credentials: an error that says so and not the password, no way round it, no account lost', async () => {
    await open(kind, 'wrong-word');
    const answer = await gateway.responses({ input: 'hi' });
    const text = await answer.text();
    expect(answer.status).toBeGreaterThanOrEqual(500);
    await gateway.logged(({ msg }) => msg === 'refresh failed, trying again later');
    expect(gateway.log + text).not.toContain('wrong-word');
    expect(backend.requests).toHaveLength(0);
    expect((await gateway.health()).states.active).toBe(ACCOUNTS);
    figures(`${kind} proxy refuses credentials`, { status: answer.status, text: text.slice(0, 300) });
  });
});
