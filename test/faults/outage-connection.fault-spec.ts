import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { FaultyRoad } from '../support/faulty-road.js';
import { figures } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { NameFault } from '../support/name-fault.js';
import { ResponsesAnswer } from '../support/sse-frames.js';
import { startHttpProxy, startSocksProxy } from '../support/upstream-proxies.js';
import { closeServers } from '../support/upstream-servers.js';

const ACCOUNTS = 6;
const IDLE_SEC = 2;
const TEST_MS = 60_000;
/** In which a way that is open again is used again. */
const BACK_MS = 2_000;

let accounts: SandboxAccount[];
let backend: CodexBackend;
const gateways: GatewayProcess[] = [];

beforeEach(async () => {
  accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1));
  backend = await startCodexBackend({ accounts });
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop('SIGKILL');
  await backend.close();
  await closeServers();
});

const start = async (config: Record<string, unknown>, env: Record<string, string> = {}): Promise<GatewayProcess> => {
  const limits = { 'upstream-idle-timeout-seconds': IDLE_SEC, 'upstream-connect-timeout-sec': 1 };
  const gateway = await GatewayProcess.start({ backend, accounts, config: { ...limits, ...config }, env });
  gateways.push(gateway);
  await gateway.logged(({ msg }) => msg === 'accounts loaded');
  return gateway;
};

interface Told {
  readonly answer: ResponsesAnswer;
  readonly ms: number;
}

let questions = 0;
async function ask(gateway: GatewayProcess, scenario = 'text'): Promise<Told> {
  const startedAt = Date.now();
  const input = `Question ${++questions} #scenario=${scenario}#`;
  const answer = await ResponsesAnswer.of(gateway.responses({ input, stream: true }));
  return { answer, ms: Date.now() - startedAt };
}

const isGood = ({ answer }: Told): boolean => answer.status === 200 && answer.response.status === 'completed';

/** Asks again and again; how long it took until an answer was good. */
async function msUntilGood(gateway: GatewayProcess): Promise<number> {
  const startedAt = Date.now();
  while (Date.now() - startedAt < 30_000) {
    if (isGood(await ask(gateway))) return Date.now() - startedAt;
    await sleep(50);
  }
  throw new Error(`no good answer within 30 s\n${gateway.log.slice(-4_000)}`);
}

const untouched = async (gateway: GatewayProcess): Promise<void> =>
  expect((await gateway.health()).states).toMatchObject({ active: ACCOUNTS, usable: ACCOUNTS, cooling: 0 });

describe('a backend that is slow to accept connections', () => {
  let listener: ChildProcess;
  afterEach(() => void listener.kill('SIGKILL'));

  it(
    'is told as unreachable when the limit of connecting is over, and used as soon as it accepts again',
    async () => {
      const { hostname, port } = new URL(backend.url);
      const code = `const net = require('node:net');
        const server = net.createServer((near) => { const far = net.connect(${port}, '${hostname}'); near.pipe(far).pipe(near);
          near.on('error', () => far.destroy()); far.on('error', () => near.destroy()); });
        server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(String(server.address().port)));`;
      listener = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [listening] = (await once(listener.stdout!, 'data')) as [Buffer];
      const gateway = await start({ 'base-url': `http://127.0.0.1:${listening.toString()}/backend-api/codex` });
      expect(isGood(await ask(gateway))).toBe(true);

      listener.kill('SIGSTOP');
      const told = await Promise.all(Array.from({ length: 12 }, () => ask(gateway)));
      const words = new Set(told.map(({ answer }) => `${answer.status} ${answer.error.code}`));
      // The system accepts a few connections for a listener that does not: those are silent.
      expect([...words].filter((word) => !['502 upstream_unreachable', '504 upstream_timeout'].includes(word))).toEqual([]);
      expect(words).toContain('502 upstream_unreachable');
      expect(Math.max(...told.map(({ ms }) => ms))).toBeLessThan(8_000);
      await untouched(gateway);

      listener.kill('SIGCONT');
      const ms = await msUntilGood(gateway);
      figures('slow to accept', { 'told after max ms': Math.max(...told.map((one) => one.ms)), 'good after ms': ms });
      expect(ms).toBeLessThan(BACK_MS);
    },
    TEST_MS,
  );
});

describe('connections whose other end has vanished without a word', () => {
  it(
    'cost the first request its patience, and no other one',
    async () => {
      const road = await FaultyRoad.to(backend.url);
      try {
        const gateway = await start({ 'base-url': road.of(backend.baseUrl) });
        await Promise.all(Array.from({ length: 8 }, () => ask(gateway, 'long,n=5,delay=100')));
        expect(road.accepted).toBeGreaterThanOrEqual(8);
        road.hang();
        await road.pass();
        const first = await ask(gateway);
        expect([first.answer.status, first.ms < IDLE_SEC * 1000 + 2_000]).toEqual([200, true]);
        const others = await Promise.all(Array.from({ length: 8 }, () => ask(gateway, 'long,n=5,delay=100')));
        figures('vanished', { 'first after ms': first.ms, 'others after ms': others.map(({ ms }) => ms) });
        expect(others.map(isGood)).toEqual(others.map(() => true));
        expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(1_800);
        await untouched(gateway);
      } finally {
        await road.close();
      }
    },
    TEST_MS,
  );
});

describe('a connection that is reset', () => {
  let road: FaultyRoad;
  let gateway: GatewayProcess;
  beforeEach(async () => {
    road = await FaultyRoad.to(backend.url);
    gateway = await start({ 'base-url': road.of(backend.baseUrl) });
  });
  afterEach(() => road.close());

  it(
    'in any phase before output is unnoticed by the client; after it the client is told, and nobody is penalised',
    async () => {
      road.cut();
      const size = (way: 'there' | 'back', after: number): [string, 'there' | 'back', number] => [`${way} ${after}`, way, after];
      const phases = [...[0, 1, 20, 400, 900].map((after) => size('there', after)), ...[1, 30, 300].map((after) => size('back', after))];
      for (const [, way, after] of phases) {
        road.cut();
        await sleep(20);
        road.breakNext(way, after);
        const told = await ask(gateway);
        expect([way, after, told.answer.status, isGood(told)]).toEqual([way, after, 200, true]);
        await untouched(gateway);
      }
      road.cut();
      await sleep(20);
      road.breakNext('back', 6_000);
      const told = await ask(gateway, 'long,n=60,delay=5');
      expect([told.answer.status, told.answer.types.at(-1)]).toEqual([200, 'response.failed']);
      await untouched(gateway);
    },
    TEST_MS,
  );

  it(
    'while it is idle is not noticed at all',
    async () => {
      for (let n = 0; n < 20; n++) {
        expect(isGood(await ask(gateway))).toBe(true);
        road.cut();
        if (n % 2 === 0) await sleep(5);
      }
      await untouched(gateway);
    },
    TEST_MS,
  );
});

describe('a name of the backend that cannot be resolved', () => {
  const names = new NameFault();
  afterAll(() => names.close());

  it.each([
    ['ENOTFOUND', 0],
    ['EAI_AGAIN', 600],
  ] as const)(
    '(%s) lets the service start and say so, and is resolved as soon as it can be',
    async (code, afterMs) => {
      names.fail(code, afterMs);
      const { port } = new URL(backend.url);
      const gateway = await start({ 'base-url': `http://backend.test:${port}/backend-api/codex` }, names.env);
      const told = await ask(gateway);
      expect([told.answer.status, told.answer.error.code]).toEqual([502, 'upstream_unreachable']);
      expect(told.answer.error.message).toMatch(/cannot connect to backend\.test/);
      expect(told.ms).toBeLessThan(5_000);
      await untouched(gateway);
      names.resolve();
      expect(await msUntilGood(gateway)).toBeLessThan(BACK_MS);
      names.fail(code, afterMs);
      // A connection that is there needs no name.
      expect(isGood(await ask(gateway))).toBe(true);
    },
    TEST_MS,
  );
});

describe('a proxy that is away at the start', () => {
  it.each(['http', 'socks5', 'socks5h'])(
    '(%s) lets the service start and say so without its credentials, and is used as soon as it is there',
    async (scheme) => {
      const credentials = { username: 'gateway', password: 'proxy-secret' };
      const proxy = await (scheme === 'http' ? startHttpProxy({ credentials }) : startSocksProxy({ credentials }));
      const road = await FaultyRoad.to(`http://127.0.0.1:${proxy.port}`);
      await road.refuse();
      try {
        const gateway = await start({ 'proxy-url': `${scheme}://gateway:proxy-secret@127.0.0.1:${road.port}` });
        expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
        const told = await ask(gateway);
        expect([told.answer.status, told.answer.error.code]).toEqual([502, 'upstream_unreachable']);
        expect(told.answer.error.message).toMatch(/^proxy .*127\.0\.0\.1.* cannot be used/);
        expect(told.ms).toBeLessThan(4_000);
        await untouched(gateway);
        expect(backend.requests).toEqual([]);
        await road.pass();
        const ms = await msUntilGood(gateway);
        figures(`proxy ${scheme}`, { 'told after ms': told.ms, 'good after ms': ms });
        expect(ms).toBeLessThan(BACK_MS);
        expect(gateway.log + told.answer.text).not.toContain('proxy-secret');
      } finally {
        await road.close();
      }
    },
    TEST_MS,
  );
});
