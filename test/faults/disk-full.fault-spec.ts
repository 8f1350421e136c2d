import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { figures, FULL, scaled, tally } from '../support/fault-scale.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { SmallDisk } from '../support/small-disk.js';

const ACCOUNTS = scaled(40, 8);
const FULL_MS = scaled(20_000, 2_000);
/** The vendor has rotated, and says so only then: time enough to fill the disk. */
const ANSWER_MS = 700;
const BACK_MS = 60_000;
/** A round of the files, with its pauses after refusals. */
const CAUGHT_UP_MS = 40_000;

let questions = 0;

/** `read-only`: it takes nothing more although there is room. */
type Place = 'data' | 'auths' | 'both' | 'read-only data' | 'read-only auths';
/** What becomes of the process while there is no room. */
type Ending = 'stays' | 'SIGTERM' | 'SIGKILL';

interface Course {
  readonly during: Record<string, number>;
  readonly unrenewed: readonly string[];
  readonly after: Record<string, number>;
  readonly served: number;
  readonly restarted: Record<string, number>;
  readonly reused: number;
  readonly active: number;
  readonly staleFiles: number;
}

const tokensInFiles = (dir: string): Set<string> =>
  new Set(
    readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .map((name) => (JSON.parse(readFileSync(join(dir, name), 'utf8')) as { refresh_token: string }).refresh_token),
  );

async function ask(gateway: GatewayProcess, times: number): Promise<Record<string, number>> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) {
    const answer = await gateway.responses({ input: `question ${++questions}` });
    await answer.arrayBuffer();
    statuses.push(answer.status);
  }
  return tally(statuses);
}

async function until(condition: () => boolean, timeoutMs: number): Promise<number> {
  const from = Date.now();
  while (!condition() && Date.now() < from + timeoutMs) await sleep(50);
  return Date.now() - from;
}

/**
 * What a file system does to open files when it has turned read-only: nothing can be written, made or removed any more. Not the -shm file:
 * the kernel ends a process (SIGBUS) that writes to a map of an immutable file, which is this stand-in's doing alone.
 */
const setImmutable = (dir: string, immutable: boolean): void => {
  const flag = immutable ? '+i' : '-i';
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => !name.endsWith('-shm'));
  execFileSync('chattr', [flag, dir, ...paths.map((name) => join(dir, name))]);
};

async function live(place: Place, ending: Ending): Promise<Course> {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => createSandboxAccount(n + 1, { accessTokenLifeSec: -60 }));
  const backend = await startCodexBackend({ accounts, recordLimit: 100_000 });
  const disk = SmallDisk.open();
  const config = {
    ...((place === 'data' || place === 'both') && { 'db-path': join(disk.dir, 'data', 'gateway.db') }),
    ...((place === 'auths' || place === 'both') && { 'auth-dir': join(disk.dir, 'auths') }),
    'refresh-concurrency': 10,
    'refresh-interval': 10,
    'auth-scan-interval': 5,
  };
  const home = mkdtempSync(join(tmpdir(), 'gateway-'));
  const authDir = place === 'auths' || place === 'both' ? join(disk.dir, 'auths') : join(home, 'auths');
  const sealed = place === 'read-only data' ? join(home, 'data') : place === 'read-only auths' ? authDir : null;
  mkdirSync(authDir, { recursive: true });
  for (const account of accounts) {
    const { name, content } = sandboxAccountFile(account);
    writeFileSync(join(authDir, name), content, { mode: 0o600 });
  }
  backend.state.always(`ok,tail=${ANSWER_MS}`, { endpoint: 'token' });
  const start = (): Promise<GatewayProcess> => GatewayProcess.start({ backend, config, dir: home });
  let gateway = await start();
  const all = backend.state.accounts.all;
  const sum = (): { refreshes: number; reused: number } => ({
    refreshes: all.reduce((n, { counts }) => n + counts.refreshes, 0),
    reused: all.reduce((n, { counts }) => n + counts.reused, 0),
  });
  try {
    await until(() => sum().refreshes >= 4, 10_000);
    if (sealed === null) disk.fill();
    else setImmutable(sealed, true);
    const rotatedBefore = sum().refreshes;
    await sleep(FULL_MS);
    const during = await ask(gateway, ACCOUNTS);
    const rotatedFull = sum().refreshes - rotatedBefore;
    if (ending !== 'stays') await gateway.stop(ending);
    if (sealed === null) disk.free();
    else setImmutable(sealed, false);
    if (ending !== 'stays') gateway = await start();
    const backMs = await until(() => all.every(({ counts }) => counts.refreshes > 0), BACK_MS);
    await sleep(ANSWER_MS + 300);
    const turns = all.map(({ counts }) => counts.turns);
    const after = await ask(gateway, 3 * ACCOUNTS);
    const served = all.filter(({ counts }, n) => counts.turns > turns[n]!).length;
    await until(() => all.every(({ tokens }) => tokensInFiles(authDir).has(tokens.refreshToken)), CAUGHT_UP_MS);
    const held = tokensInFiles(authDir);
    await gateway.stop('SIGTERM');
    gateway = await start();
    await sleep(1_000);
    const restarted = await ask(gateway, 2 * ACCOUNTS);
    const { states } = await gateway.health();
    const unrenewed = all.filter(({ counts }) => counts.refreshes === 0).map(({ key }) => key);
    figures(`disk full: ${place}, process ${ending}`, { during, rotatedBefore, rotatedFull, backMs, after, refreshes: sum().refreshes });
    const staleFiles = all.filter(({ tokens }) => !held.has(tokens.refreshToken)).length;
    return { during, unrenewed, after, served, restarted, reused: sum().reused, active: states.active!, staleFiles };
  } finally {
    await gateway.stop('SIGKILL');
    if (sealed !== null) setImmutable(sealed, false);
    await backend.close();
    disk.close();
    rmSync(home, { recursive: true, force: true });
  }
}

const SHORT: readonly (readonly [Place, Ending])[] = [
  ['data', 'SIGTERM'],
  ['auths', 'stays'],
  ['both', 'SIGKILL'],
];
const CASES: typeof SHORT = FULL
  ? [
      ...SHORT,
      ['data', 'stays'],
      ['data', 'SIGKILL'],
      ['auths', 'SIGKILL'],
      ['both', 'stays'],
      ['read-only data', 'stays'],
      ['read-only auths', 'stays'],
    ]
  : SHORT;

(SmallDisk.available ? describe : describe.skip)('a disk that fills in the middle of a refresh sweep', () => {
  it.concurrent.each(CASES)(
    'that holds %s, and the process %s: nothing is lost, every account serves when there is room, and after a restart',
    async (place, ending) => {
      const course = await live(place, ending);
      expect(course).toMatchObject({
        unrenewed: [],
        after: { 200: 3 * ACCOUNTS },
        restarted: { 200: 2 * ACCOUNTS },
        served: ACCOUNTS,
        active: ACCOUNTS,
        reused: 0,
        staleFiles: 0,
      });
    },
    FULL_MS + BACK_MS + 60_000,
  );
});
