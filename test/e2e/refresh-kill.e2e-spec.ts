import { readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { GatewayProcess } from '../support/gateway-process.js';

/** Its access token has ended: the program refreshes it as soon as it is loaded. */
const expired = createSandboxAccount(1, { accessTokenLifeSec: -3_600 });

let backend: CodexBackend;
let gateways: GatewayProcess[];

beforeEach(async () => {
  backend = await startCodexBackend({ accounts: [expired] });
  gateways = [];
});
afterEach(async () => {
  for (const gateway of gateways) await gateway.stop('SIGKILL');
  await backend.close();
});

const killedAt = async (point: string, dir?: string): Promise<GatewayProcess> => {
  const env = { NODE_ENV: 'test', TEST_CRASH_AT: point };
  const gateway = GatewayProcess.spawn({ backend, env, ...(dir === undefined ? { accounts: [expired] } : { dir }) });
  gateways.push(gateway);
  expect(await gateway.ended()).toEqual({ code: null, signal: 'SIGKILL' });
  return gateway;
};

const restarted = async ({ dir }: GatewayProcess): Promise<GatewayProcess> => {
  const gateway = await GatewayProcess.start({ backend, dir });
  gateways.push(gateway);
  return gateway;
};

const refreshTokenInFile = (dir: string): string => {
  const [name] = readdirSync(join(dir, 'auths')).filter((entry) => entry.endsWith('.json'));
  return (JSON.parse(readFileSync(join(dir, 'auths', name!), 'utf8')) as { refresh_token: string }).refresh_token;
};

const drafts = (dir: string): string[] =>
  readdirSync(join(dir, 'auths'))
    .filter((entry) => entry.endsWith('.tmp'))
    .map((entry) => join(dir, 'auths', entry));

describe('kill -9 in the middle of a refresh', () => {
  it.each([
    ['before-intent', 0],
    ['after-intent', 0],
    ['after-commit', 1],
  ])('%s: after a restart the account answers, and no token was spent twice', async (point, spentBefore) => {
    const first = await killedAt(point);
    const { counts } = backend.state.account(1);
    expect(counts.refreshes).toBe(spentBefore);
    const second = await restarted(first);
    const answer = await second.responses({ input: 'Hello' });
    expect(answer.status).toBe(200);
    expect(counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('again and again at the same place: the account answers all the same', async () => {
    const first = await killedAt('after-intent');
    await killedAt('after-intent', first.dir);
    await killedAt('before-intent', first.dir);
    const last = await restarted(first);
    expect((await last.responses({ input: 'Hello' })).status).toBe(200);
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('after-answer, with a vendor that repeats its answer for a while: the account answers', async () => {
    backend.state.accounts.reuseGraceMs = 60_000;
    const first = await killedAt('after-answer');
    expect(backend.state.account(1).counts.refreshes).toBe(1);
    const second = await restarted(first);
    expect((await second.responses({ input: 'Hello' })).status).toBe(200);
    await second.stop('SIGTERM');
    expect(refreshTokenInFile(first.dir)).toBe(backend.state.account(1).tokens.refreshToken);
  });

  it('after-answer, with a vendor that does not: only its own repeated word asks for a new login, and says why', async () => {
    const first = await killedAt('after-answer');
    const second = await restarted(first);
    const out = await second.logged(({ msg }) => msg === 'account is out of service', 40_000);
    expect(out).toMatchObject({ reason: 'refresh_token_reused', evidence: expect.stringMatching(/the token may have been spent/) });
    expect(backend.state.account(1).counts.reused).toBe(2);
    const answer = await second.responses({ input: 'Hello' });
    expect(answer.status).toBe(503);
  }, 60_000);

  it('write-back: the file gets the new token after a restart, and no draft stays', async () => {
    const first = await killedAt('write-back');
    expect(refreshTokenInFile(first.dir)).not.toBe(backend.state.account(1).tokens.refreshToken);
    const [draft] = drafts(first.dir);
    utimesSync(draft!, 0, 0);
    const second = await restarted(first);
    await second.logged(({ msg }) => msg === 'renewed tokens were written to account files that had missed them');
    expect(refreshTokenInFile(first.dir)).toBe(backend.state.account(1).tokens.refreshToken);
    expect(drafts(first.dir)).toEqual([]);
    expect((await second.responses({ input: 'Hello' })).status).toBe(200);
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('after-commit, and the files gone with the kill: the database alone is enough', async () => {
    const first = await killedAt('after-commit');
    rmSync(join(first.dir, 'auths'), { recursive: true });
    const second = await restarted(first);
    expect((await second.responses({ input: 'Hello' })).status).toBe(200);
  });
});

describe('an account file whose token has ended long ago', () => {
  it('is refreshed at load, and the file holds the new token', async () => {
    const gateway = await GatewayProcess.start({ backend, accounts: [expired] });
    gateways.push(gateway);
    await gateway.logged(({ msg }) => msg === 'token renewed');
    expect((await gateway.responses({ input: 'Hello' })).status).toBe(200);
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, unauthorized: 0 });
    gateway.child.kill('SIGTERM');
    await gateway.ended();
    expect(refreshTokenInFile(gateway.dir)).toBe(backend.state.account(1).tokens.refreshToken);
  });
});

describe('SIGTERM in the middle of a refresh', () => {
  it('waits for the vendor’s answer and stores it', async () => {
    backend.state.next('ok,tail=1500', { endpoint: 'token' });
    const first = await GatewayProcess.start({ backend, accounts: [expired] });
    gateways.push(first);
    await backend.waitFor(({ path }) => path === '/oauth/token');
    first.child.kill('SIGTERM');
    await first.ended();
    expect(backend.state.account(1).counts.refreshes).toBe(1);
    expect(refreshTokenInFile(first.dir)).toBe(backend.state.account(1).tokens.refreshToken);
    const second = await restarted(first);
    expect((await second.responses({ input: 'Hello' })).status).toBe(200);
    expect(backend.state.account(1).counts).toMatchObject({ refreshes: 1, reused: 0 });
  });
});
