import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount, SandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { ClientCrowd } from '../support/client-crowd.js';
import { FaultyRoad } from '../support/faulty-road.js';
import { figures, FULL, percentile, scaled, tally } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

const ACCOUNTS = 10;
const CLIENTS = 20;
const MAX_ATTEMPTS = 3;
const WARM_MS = 700;
const OUTAGE_MS = scaled(15_000, 2_500);
/** In which service has to be back. */
const BACK_MS = 2_000;
const IDLE_SEC = scaled(4, 1);
const TEST_MS = OUTAGE_MS + 60_000;

let accounts: SandboxAccount[];
let backend: CodexBackend;
let road: FaultyRoad;
let gateway: GatewayProcess;

beforeEach(async () => {
  accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1));
  backend = await startCodexBackend({ accounts, recordLimit: 1_000_000 });
  road = await FaultyRoad.to(backend.url);
  gateway = await GatewayProcess.start({
    backend,
    accounts,
    config: { 'base-url': road.of(backend.baseUrl), 'usage-url': road.of(backend.usageUrl), 'upstream-idle-timeout-seconds': IDLE_SEC },
  });
  await gateway.logged(({ msg }) => msg === 'accounts loaded');
}, 30_000);
afterEach(async () => {
  await gateway.stop('SIGKILL');
  await road.close();
  await backend.close();
});

interface Outage {
  readonly name: string;
  readonly begin: () => unknown;
  readonly end: () => unknown;
  /** HTTP status and code of what clients are told; 200 for a failure in-band. */
  readonly told: readonly string[];
}

const answering = (scenario: string, ...told: string[]): Outage => ({
  name: `answers everything with ${scenario}`,
  begin: () => backend.state.always(scenario),
  end: () => backend.state.calm(),
  told,
});

const OUTAGES: readonly Outage[] = [
  {
    name: 'refuses connections',
    begin: () => road.refuse(),
    end: () => road.pass(),
    // Streams that were under way when it went.
    told: ['502 upstream_unreachable', '200 server_error', '502 upstream_stream_truncated'],
  },
  {
    name: 'accepts connections and is silent for ever on them',
    begin: () => road.hang(),
    end: () => road.pass(),
    told: ['504 upstream_timeout', '200 server_error'],
  },
  answering('500', '500 server_error'),
  answering('401', '503 upstream_auth'),
  answering('403-html', '502 upstream_blocked'),
  answering('cut', '200 server_error'),
];
const FURTHER: readonly Outage[] = [
  {
    name: 'resets every connection',
    begin: () => road.reset(),
    end: () => road.pass(),
    told: ['502 upstream_unreachable', '200 server_error', '502 upstream_stream_truncated'],
  },
  answering('502,body=html', '502 upstream_error'),
  answering('503', '503 server_is_overloaded'),
  answering('no-events', '502 upstream_stream_truncated'),
];

describe.each(FULL ? [...OUTAGES, ...FURTHER] : OUTAGES)('a backend that $name', ({ name, begin, end, told }) => {
  it(
    'costs no account anything, is told at once, and is forgotten two seconds after its end',
    async () => {
      const crowd = new ClientCrowd([gateway], { clients: CLIENTS }).start();
      await sleep(WARM_MS);
      const before = gateway.rssBytes;
      const startedAt = Date.now();
      await begin();
      await sleep(OUTAGE_MS);
      const during = await gateway.health();
      const endedAt = Date.now();
      await end();
      await sleep(BACK_MS);
      const after = await gateway.health();
      await crowd.stop();

      const attempts = gateway.entries.filter(
        ({ msg, time }) => msg === 'attempt' && instant(time) >= startedAt && instant(time) < endedAt,
      );
      const inOutage = crowd.calls.filter(({ startedAt: from, endedAt: to }) => to >= startedAt && from < endedAt);
      const failed = inOutage.filter(({ ok }) => !ok);
      const recovered = crowd.begun(endedAt + 1, endedAt + BACK_MS);
      const good = recovered.filter(({ ok }) => ok).length;
      const refreshes = Array.from({ length: ACCOUNTS }, (_, n) => backend.state.account(n + 1).counts);
      const lateness = failed.map(({ startedAt: at, endedAt: to }) => to - at);
      figures(name, {
        seconds: OUTAGE_MS / 1000,
        told: tally(failed.map(({ status, code }) => `${status} ${code}`)),
        'told after p50/p99/max ms': [percentile(lateness, 0.5), percentile(lateness, 0.99), Math.max(0, ...lateness)],
        'attempts/s': Math.round((attempts.length / OUTAGE_MS) * 1000),
        'attempts/request': (attempts.length / inOutage.length).toFixed(2),
        'good after': `${good}/${recovered.length}`,
        'clients served after': `${crowd.servedClients(endedAt, endedAt + BACK_MS)}/${CLIENTS}`,
        refreshes: Math.max(...refreshes.map((counts) => counts.refreshes)),
        'memory MB': [before, gateway.rssBytes, gateway.peakRssBytes].map((bytes) => Math.round(bytes / 1e6)),
      });

      const untouched = { active: ACCOUNTS, usable: ACCOUNTS, cooling: 0 };
      expect([during.states, after.states]).toMatchObject([untouched, untouched]);
      expect(failed.length).toBeGreaterThan(0);
      expect(Object.keys(tally(failed.map(({ status, code }) => `${status} ${code}`))).filter((words) => !told.includes(words))).toEqual(
        [],
      );
      // One that only this client has, and every attempt of it.
      expect(Math.max(...lateness)).toBeLessThan(name.includes('silent') ? IDLE_SEC * 1000 + 2_200 : 4_000);
      expect(Math.max(...countsOf(attempts.map(({ requestId }) => String(requestId))))).toBeLessThanOrEqual(MAX_ATTEMPTS);
      for (const counts of refreshes) expect(counts).toMatchObject({ refreshes: expect.any(Number), reused: 0, refusedRefreshes: 0 });
      expect(Math.max(...refreshes.map((counts) => counts.refreshes))).toBeLessThanOrEqual(name.includes('401') ? 1 : 0);
      expect(good / recovered.length).toBeGreaterThanOrEqual(0.95);
      expect(crowd.servedClients(endedAt, endedAt + BACK_MS)).toBeGreaterThanOrEqual(CLIENTS * 0.95);
      expect(gateway.peakRssBytes - before).toBeLessThan(100e6);
      expect(gateway.entries.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    },
    TEST_MS,
  );
});

const instant = (time: unknown): number => (typeof time === 'number' ? time : Date.parse(String(time)));
const countsOf = (ids: readonly string[]): number[] => Object.values(tally(ids));

describe('requests that come while the backend accepts connections and is silent for ever on them', () => {
  it(
    'are answered two seconds after its end, however long the limit of silence is',
    async () => {
      await gateway.stop('SIGKILL');
      gateway = await GatewayProcess.start({
        backend,
        accounts,
        config: { 'base-url': road.of(backend.baseUrl), 'usage-url': road.of(backend.usageUrl) },
      });
      await gateway.logged(({ msg }) => msg === 'accounts loaded');
      road.hang();
      const asked = Array.from({ length: CLIENTS }, async (_, n) => {
        const answer = await ResponsesAnswer.of(gateway.responses({ input: `Question ${n}`, stream: true }));
        return { good: answer.status === 200 && answer.response.status === 'completed', at: Date.now() };
      });
      const silentMs = scaled(15_000, 5_500);
      await sleep(silentMs);
      const endedAt = Date.now();
      await road.pass();
      const answers = await Promise.all(asked);
      const probes = backend.requests.filter(({ path }) => path.endsWith('/usage')).length;
      figures('silent for all who ask', {
        seconds: silentMs / 1000,
        'last answer after ms': Math.max(...answers.map(({ at }) => at)) - endedAt,
        probes,
      });
      expect(answers.filter(({ good, at }) => good && at - endedAt < BACK_MS).length).toBeGreaterThanOrEqual(CLIENTS * 0.95);
      expect((await gateway.health()).states).toMatchObject({ active: ACCOUNTS, usable: ACCOUNTS, cooling: 0 });
    },
    TEST_MS,
  );
});
