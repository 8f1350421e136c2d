import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { SandboxAccount, SandboxAccountOverrides, createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../../src/sandbox/sandbox.seed.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LogEntry } from '../support/process-log.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

let backend: CodexBackend;
let gateway: GatewayProcess;
let first: SandboxAccount;
let created = 1;
let linesBefore = 0;

const account = (overrides: SandboxAccountOverrides = {}): SandboxAccount => {
  const made = createSandboxAccount(++created, overrides);
  backend.state.addAccount(made);
  return made;
};

beforeAll(async () => {
  first = createSandboxAccount(1);
  backend = await startCodexBackend({ accounts: [first], recordLimit: 100_000 });
  gateway = await GatewayProcess.start({ backend, accounts: [first] });
});
afterAll(async () => {
  await gateway.stop('SIGKILL');
  await backend.close();
});
beforeEach(() => {
  linesBefore = gateway.entries.length;
});

let prompts = 0;
const ask = (): Promise<ResponsesAnswer> => ResponsesAnswer.of(gateway.responses({ input: `Question ${++prompts}` }));
const logged = (fits: (line: LogEntry) => boolean): Promise<LogEntry> => gateway.logged(fits, 10_000, linesBefore);
const turnsOf = ({ key }: SandboxAccount): number => backend.state.account(key).counts.turns;
const fileOf = (of: SandboxAccount): string => join(gateway.authDir, sandboxAccountFile(of).name);
const content = (of: SandboxAccount): Record<string, string> => JSON.parse(readFileSync(fileOf(of), 'utf8')) as Record<string, string>;

/** Asks until it is so; every answer on the way must be good. */
async function askUntil(done: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(gateway.log);
    expect((await ask()).status).toBe(200);
  }
}

describe('while the service runs, a file that', () => {
  it('is new is served from', async () => {
    const added = account();
    gateway.writeAccount(added);
    await askUntil(() => turnsOf(added) > 0);
    expect(await gateway.health()).toMatchObject({ accounts: 2, states: { active: 2, usable: 2 } });
  });

  it('has changed is read again: a new login brings back an account that had lost its own', async () => {
    const returning = account();
    gateway.writeAccount(returning);
    await askUntil(() => turnsOf(returning) > 0);
    backend.state.accounts.endAccessTokens(returning);
    backend.state.accounts.revokeFamily(returning);
    const { counts } = backend.state.account(returning);
    await askUntil(() => counts.refusedRefreshes > 0);
    expect(await logged(({ msg }) => msg === 'account is out of service')).toMatchObject({ state: 'needs_login' });
    expect((await gateway.health()).states).toMatchObject({ needs_login: 1 });

    const turns = counts.turns;
    gateway.writeAccount(backend.state.signIn(returning));
    await askUntil(() => counts.turns > turns);
    expect((await gateway.health()).states).toMatchObject({ needs_login: 0 });
    expect(counts).toMatchObject({ refreshes: 0, refusedRefreshes: 1 });
  });

  it('is removed pauses its account, and resumes it when it comes back', async () => {
    const leaving = account();
    gateway.writeAccount(leaving);
    await askUntil(() => turnsOf(leaving) > 0);
    gateway.removeAccount(leaving);
    await logged(({ msg }) => msg === 'account file was removed, account paused');
    expect((await gateway.health()).states).toMatchObject({ paused: 1 });
    const before = turnsOf(leaving);
    for (let i = 0; i < 5; i++) expect((await ask()).status).toBe(200);
    expect(turnsOf(leaving)).toBe(before);
    gateway.writeAccount(leaving);
    await askUntil(() => turnsOf(leaving) > before);
    expect((await gateway.health()).states).toMatchObject({ paused: 0 });
  });

  it('is malformed is named with its line, the rest works, and it is read as soon as it is mended', async () => {
    const broken = account();
    const fine = account();
    const { name, content: text } = sandboxAccountFile(broken);
    gateway.writeFile(name, text.replace('"access_token"', 'access_token'));
    gateway.writeAccount(fine);
    await askUntil(() => turnsOf(fine) > 0);
    const line = text.split('\n').findIndex((row) => row.includes('"access_token"')) + 1;
    const complaint = await logged(({ msg }) => /malformed/.test(String(msg)));
    expect(complaint).toMatchObject({ level: 40, file: name, line });
    expect(gateway.log).not.toContain(broken.accessToken.slice(0, 20));
    expect((await ask()).status).toBe(200);
    gateway.writeAccount(broken);
    await askUntil(() => turnsOf(broken) > 0);
  });

  it('has one bad line among good ones: the good ones are served from', async () => {
    const [one, two] = [account(), account()];
    const lines = [one, two].map((made) => JSON.stringify(JSON.parse(sandboxAccountFile(made).content)));
    gateway.writeFile('several.json', `${lines[0]}\n{"type": "codex", oops}\n${lines[1]}\n`);
    await askUntil(() => turnsOf(one) > 0 && turnsOf(two) > 0);
    expect(await logged(({ file }) => file === 'several.json')).toMatchObject({ line: 2 });
  });

  it('has ended tokens is refreshed at once, written back and served from', async () => {
    const expired = account({ accessTokenLifeSec: -3_600 });
    gateway.writeAccount(expired);
    await logged(({ msg }) => msg === 'token renewed');
    await askUntil(() => turnsOf(expired) > 0);
    expect(backend.state.account(expired).counts).toMatchObject({ refreshes: 1, reused: 0, unauthorized: 0 });
    const { refreshToken, accessToken } = backend.state.current(expired);
    const file = content(expired);
    expect(file).toMatchObject({ refresh_token: refreshToken, access_token: accessToken, email: expired.email });
    expect(Date.parse(file.expired!)).toBeGreaterThan(Date.now());
  });

  it('is put back with older tokens does not take the newer ones away', async () => {
    const rotated = account();
    const old = sandboxAccountFile(rotated);
    gateway.writeAccount(rotated);
    await askUntil(() => turnsOf(rotated) > 0);
    backend.state.accounts.endAccessTokens(rotated);
    const { counts } = backend.state.account(rotated);
    await askUntil(() => counts.refreshes === 1);
    expect(content(rotated).refresh_token).toBe(backend.state.current(rotated).refreshToken);

    // Whoever used the ended token till now: a request, and perhaps the catalogue that asks a new account for its models.
    const refused = counts.unauthorized;
    const witness = account();
    gateway.writeFile(old.name, old.content);
    gateway.writeAccount(witness);
    await askUntil(() => turnsOf(witness) > 0);
    const turns = counts.turns;
    await askUntil(() => counts.turns > turns + 1);
    expect(counts).toMatchObject({ refreshes: 1, reused: 0, unauthorized: refused });
  });
});

describe('a directory that', () => {
  it('is emptied pauses nobody, and says so', async () => {
    const { states } = await gateway.health();
    const names = readdirSync(gateway.authDir);
    const saved = names.map((name) => [name, readFileSync(join(gateway.authDir, name), 'utf8')] as const);
    for (const name of names) rmSync(join(gateway.authDir, name));
    await logged(({ msg }) => /holds no account files any more/.test(String(msg)));
    expect((await gateway.health()).states).toEqual(states);
    expect((await ask()).status).toBe(200);
    for (const [name, text] of saved) gateway.writeFile(name, text);
    await logged(({ msg }) => /is readable again/.test(String(msg)));
    expect((await gateway.health()).states).toEqual(states);
    expect(existsSync(fileOf(first))).toBe(true);
  });
});
