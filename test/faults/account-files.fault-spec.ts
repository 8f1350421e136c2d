import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { figures, scaled, tally } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';

const ACCOUNTS = scaled(40, 8);
const HAMMER_MS = scaled(30_000, 2_000);
const SETTLE_MS = 15_000;

let backend: CodexBackend;
let gateway: GatewayProcess;
afterEach(async () => {
  await gateway.stop('SIGKILL');
  await backend.close();
});

const open = async (): Promise<SandboxAccount[]> => {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1));
  backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
  gateway = await GatewayProcess.start({ backend, accounts, config: { 'auth-scan-interval': 1 } });
  await gateway.logged(({ msg }) => msg === 'accounts loaded');
  return accounts;
};

const active = async (count: number): Promise<number> => {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const { states } = await gateway.health();
    if (states.active === count || Date.now() > until) return states.active!;
    await sleep(100);
  }
};

const ask = async (times: number): Promise<Record<string, number>> => {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) {
    const answer = await gateway.responses({ input: `question ${n}` });
    await answer.arrayBuffer();
    statuses.push(answer.status);
  }
  return tally(statuses);
};

const counts = (): { refreshes: number; reused: number; unauthorized: number } => {
  const sum = { refreshes: 0, reused: 0, unauthorized: 0 };
  for (const account of backend.state.accounts.all) {
    sum.refreshes += account.counts.refreshes;
    sum.reused += account.counts.reused;
    sum.unauthorized += account.counts.unauthorized;
  }
  return sum;
};

/** Every way in which a careless program writes a file, one after the other, some thousand times a second. */
async function hammer(accounts: readonly SandboxAccount[]): Promise<number> {
  const until = Date.now() + HAMMER_MS;
  let changes = 0;
  while (Date.now() < until) {
    for (const account of accounts) {
      const { name, content } = sandboxAccountFile(account);
      const path = join(gateway.authDir, name);
      const half = Math.floor(content.length / 2);
      switch (changes++ % 5) {
        case 0:
          writeFileSync(path, content.slice(0, half));
          break;
        case 1:
          truncateSync(path, 0);
          appendFileSync(path, content.slice(0, half));
          appendFileSync(path, content.slice(half));
          break;
        case 2:
          writeFileSync(`${path}.part`, `${content}\n`);
          renameSync(`${path}.part`, path);
          break;
        case 3:
          writeFileSync(path, '');
          break;
        case 4:
          writeFileSync(path, content);
      }
    }
    await sleep(1);
  }
  for (const account of accounts) gateway.writeAccount(account);
  return changes;
}

it(
  'account files that are torn, emptied and replaced all the time cost no account and no request',
  async () => {
    const accounts = await open();
    const hammering = hammer(accounts);
    const statuses: Record<string, number>[] = [];
    const until = Date.now() + HAMMER_MS;
    while (Date.now() < until) {
      statuses.push(await ask(10));
      await sleep(50);
    }
    const changes = await hammering;
    expect(statuses).toEqual(statuses.map(() => ({ 200: 10 })));
    expect(await active(ACCOUNTS)).toBe(ACCOUNTS);
    expect(await ask(ACCOUNTS)).toEqual({ 200: ACCOUNTS });
    expect(counts()).toEqual({ refreshes: 0, reused: 0, unauthorized: 0 });
    expect(gateway.exit).toBeNull();
    const lines = gateway.entries.filter(({ level }) => Number(level) >= 40).length;
    figures('account files rewritten', {
      changes,
      perSecond: Math.round(changes / (HAMMER_MS / 1000)),
      asked: 10 * statuses.length,
      warnings: lines,
      rssMB: Math.round(gateway.peakRssBytes / 2 ** 20),
    });
  },
  HAMMER_MS + 60_000,
);

it('a file that becomes a directory or a broken link pauses its account as if it were removed, one that becomes a link out does not; its return resumes it', async () => {
  const accounts = await open();
  const paths = accounts.slice(0, 4).map((account) => join(gateway.authDir, sandboxAccountFile(account).name));
  for (const path of paths) rmSync(path);
  mkdirSync(paths[0]!);
  symlinkSync('nowhere.json', paths[1]!);
  symlinkSync('/etc/hostname', paths[2]!);
  expect(await active(ACCOUNTS - 3)).toBe(ACCOUNTS - 3);
  expect(await ask(ACCOUNTS)).toEqual({ 200: ACCOUNTS });
  expect(gateway.exit).toBeNull();
  for (const path of paths.slice(0, 3)) rmSync(path, { recursive: true });
  for (const account of accounts.slice(0, 4)) gateway.writeAccount(account);
  expect(await active(ACCOUNTS)).toBe(ACCOUNTS);
});

it('a directory that is moved away, replaced by a file, and comes back costs no account', async () => {
  const accounts = await open();
  renameSync(gateway.authDir, `${gateway.authDir}.away`);
  await gateway.logged(({ msg }) => / does not exist$/.test(msg as string));
  writeFileSync(gateway.authDir, 'not a directory');
  await gateway.logged(({ msg }) => /cannot be read \(ENOTDIR\)/.test(msg as string));
  expect((await gateway.health()).states.active).toBe(ACCOUNTS);
  rmSync(gateway.authDir);
  mkdirSync(gateway.authDir);
  await gateway.logged(({ msg }) => /holds no account files any more/.test(msg as string));
  expect((await gateway.health()).states.active).toBe(ACCOUNTS);
  for (const account of accounts) gateway.writeAccount(account);
  await gateway.logged(({ msg }) => /is readable again/.test(msg as string));
  expect(await active(ACCOUNTS)).toBe(ACCOUNTS);
  expect(await ask(ACCOUNTS)).toEqual({ 200: ACCOUNTS });
}, 60_000);
