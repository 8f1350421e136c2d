import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { figures, scaled, tally } from '../support/fault-scale.js';
import { FaultyRoad } from '../support/faulty-road.js';
import { GatewayProcess } from '../support/gateway-process.js';

const ACCOUNTS = scaled(40, 8);
const OUTAGE_MS = scaled(60_000, 3_000);
/** One probe a second or two finds the end; a probe that hangs holds up the next one, and the last one probed has its own pause. */
const BACK_MS = 15_000;
/** Pauses of 5, 15, 30, 30 … seconds less a fifth, and its share of the probes. */
const MOST_ATTEMPTS = scaled(8, 3);
const SINGLE_TIMEOUT_SEC = scaled(5, 1);
const ASK_EVERY_MS = 200;

const page = '<!DOCTYPE html><html><head><title>Maintenance</title></head></html>';
const PAGE_200 = `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: ${page.length}\r\nconnection: close\r\n\r\n${page}`;

interface Trouble {
  readonly name: string;
  begin(backend: CodexBackend, road: FaultyRoad): unknown;
  end(backend: CodexBackend, road: FaultyRoad): unknown;
}

const answering = (scenario: string): Trouble => ({
  name: `answers ${scenario}`,
  begin: ({ state }) => state.always(scenario, { endpoint: 'token' }),
  end: ({ state }) => state.calm(),
});

const TROUBLES: readonly Trouble[] = [
  { name: 'refuses connections', begin: (_, road) => road.refuse(), end: (_, road) => road.pass() },
  { name: 'is silent', begin: (_, road) => road.hang(), end: (_, road) => road.pass() },
  { name: 'resets connections', begin: (_, road) => road.reset(), end: (_, road) => road.pass() },
  answering('429,after=1'),
  answering('500'),
  answering('403-html'),
  {
    name: 'answers 200 with a page',
    begin: ({ state }) => state.nextRaw(PAGE_200, { endpoint: 'token', level: 'socket', times: 100_000 }),
    end: ({ state }) => state.calm(),
  },
];

interface Course {
  readonly during: Record<string, number>;
  readonly states: readonly Record<string, number>[];
  /** Failed attempts of each account, most first. */
  readonly attempts: readonly number[];
  /** From the end of the trouble until every account has a new token. */
  readonly backMs: number;
  readonly after: Record<string, number>;
  readonly counts: readonly { readonly refreshes: number; readonly reused: number }[];
  readonly exit: unknown;
}

/** All at once they would not be up in time on a small machine. */
let turn: Promise<unknown> = Promise.resolve();
function startInTurn(start: () => Promise<GatewayProcess>): Promise<GatewayProcess> {
  const started = turn.then(start);
  turn = started.catch(() => undefined);
  return started;
}

/** Every token has ended before the trouble begins; somebody asks all the time. */
async function live(trouble: Trouble): Promise<Course> {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, { accessTokenLifeSec: -60 }));
  const backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
  const road = await FaultyRoad.to(backend.url);
  await trouble.begin(backend, road);
  const config = {
    'oauth-token-url': road.of(backend.oauthTokenUrl),
    'refresh-single-timeout-sec': SINGLE_TIMEOUT_SEC,
    'refresh-interval': 10,
  };
  const gateway = await startInTurn(() => GatewayProcess.start({ backend, accounts, config }));
  try {
    let answers: Promise<number>[] = [];
    const asking = setInterval(() => answers.push(gateway.responses({ input: 'hi' }).then(statusOf, () => 0)), ASK_EVERY_MS);
    await sleep(OUTAGE_MS);
    const inTrouble = answers;
    answers = [];
    const { states } = await gateway.health();
    await trouble.end(backend, road);
    const endedAt = Date.now();
    const renewed = () => backend.state.accounts.all.every(({ counts }) => counts.refreshes > 0);
    while (!renewed() && Date.now() < endedAt + BACK_MS) await sleep(50);
    const backMs = Date.now() - endedAt;
    clearInterval(asking);
    await Promise.all(answers);
    const during = tally(await Promise.all(inTrouble));
    const after = await Promise.all(Array.from({ length: 2 * ACCOUNTS }, () => gateway.responses({ input: 'hi' }).then(statusOf)));
    const failed = gateway.entries.filter(({ msg }) => msg === 'refresh failed, trying again later');
    const attempts = Object.values(tally(failed.map(({ accountId }) => String(accountId)))).sort((a, b) => b - a);
    const counts = backend.state.accounts.all.map((account) => account.counts);
    const statesAfter = (await gateway.health()).states;
    figures(`token endpoint ${trouble.name}`, { outageMs: OUTAGE_MS, during, attempts: tally(attempts), backMs });
    return { during, states: [states, statesAfter], attempts, backMs, after: tally(after), counts, exit: gateway.exit };
  } finally {
    await gateway.stop('SIGKILL');
    await road.close();
    await backend.close();
  }
}

const statusOf = async (response: Response): Promise<number> => {
  await response.arrayBuffer();
  return response.status;
};

describe('the token endpoint is in trouble while every access token has ended', () => {
  let courses: Map<string, Promise<Course>>;
  beforeAll(() => {
    courses = new Map(TROUBLES.map((trouble) => [trouble.name, live(trouble)]));
    for (const course of courses.values()) course.catch(() => undefined);
  });
  afterAll(() => Promise.allSettled(courses.values()), OUTAGE_MS + BACK_MS + 60_000);

  it.each(TROUBLES.map(({ name }) => name))(
    'it %s: no account is lost, attempts are few, and all of them serve again by themselves',
    async (name) => {
      const course = await courses.get(name)!;
      expect(course.states.map(({ active }) => active)).toEqual([ACCOUNTS, ACCOUNTS]);
      expect(course.attempts[0]).toBeLessThanOrEqual(MOST_ATTEMPTS);
      expect(course.counts.map(({ refreshes, reused }) => [refreshes, reused])).toEqual(course.counts.map(() => [1, 0]));
      expect(course.after).toEqual({ 200: 2 * ACCOUNTS });
      expect(course.backMs).toBeLessThan(BACK_MS);
      expect(Object.keys(course.during)).toEqual(expect.arrayContaining(['503']));
      expect(course.exit).toBeNull();
    },
    OUTAGE_MS + BACK_MS + 60_000,
  );
});
