import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { FakeClock } from '../../test/support/fake-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { AppModule } from '../app.module.js';
import { configureApp, createAdapter } from '../app.setup.js';
import { Clock } from '../common/clock.js';
import { createLogger } from '../common/pino-logger.js';
import type { KeyValues } from '../config/config.js';
import { type CodexBackend, startCodexBackend } from '../sandbox/codex-backend.server.js';
import { createSandboxAccount } from '../sandbox/sandbox-account.js';
import { sandboxAccountFile } from '../sandbox/sandbox.seed.js';
import { QuotaSweep } from './quota.sweep.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** The whole program with a clock that stands still, in front of a simulated backend; both on real sockets. */
describe('the program', () => {
  const clock = new FakeClock(Date.now());
  let dir: string;
  let backend: CodexBackend;
  let app: NestFastifyApplication;
  let url: string;

  const start = async (accounts: number, keys: Partial<KeyValues> = {}): Promise<void> => {
    for (let n = 1; n <= accounts; n++) {
      const account = createSandboxAccount(n, { now: clock.now() });
      backend.state.addAccount(account);
      const { name, content } = sandboxAccountFile(account);
      writeFileSync(join(dir, name), content);
    }
    const { oauthTokenUrl, baseUrl, usageUrl } = backend;
    const config = testConfig({ authDir: dir, authScanInterval: 0, oauthTokenUrl, baseUrl, usageUrl, healthCheckInterval: 0, ...keys });
    const module = await Test.createTestingModule({ imports: [AppModule.with(config)] })
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    app = module.createNestApplication<NestFastifyApplication>(createAdapter(config), { bodyParser: false });
    configureApp(app, config, createLogger({ level: 'error', format: 'json' }));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  };
  let asked = 0;
  /** Each time another conversation. */
  const ask = (): Promise<Response> =>
    fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5.4', input: `hi ${++asked}` }),
    });
  const status = async (): Promise<number> => {
    const answer = await ask();
    await answer.text();
    return answer.status;
  };
  const calls = (end: string) => backend.requests.filter(({ path }) => path.endsWith(end)).map(({ account }) => account);

  beforeEach(async () => {
    Logger.overrideLogger(false);
    dir = mkdtempSync(join(tmpdir(), 'quota-'));
    backend = await startCodexBackend({ clock, accounts: 0 });
  });
  afterEach(async () => {
    await app.close();
    await backend.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('uses an account again about a minute after the vendor has reset its limit early', async () => {
    await start(1);
    expect(await status()).toBe(200);
    backend.state.exhaust(1, 5 * 3600);
    const refused = await ask();
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.closeTo(5 * 3600, -1)]);
    await refused.text();
    backend.state.account(1).quota.primary!.usedPercent = 3;
    for (let passed = 5; passed < 60; passed += 5) {
      clock.advance(5 * SECOND);
      await app.get(QuotaSweep, { strict: false }).run();
    }
    expect(await status()).toBe(429);
    expect(calls('/wham/usage')).toEqual([]);
    for (let passed = 60; passed <= 80; passed += 5) {
      clock.advance(5 * SECOND);
      await app.get(QuotaSweep, { strict: false }).run();
    }
    expect(await status()).toBe(200);
    expect(calls('/wham/usage')).toHaveLength(1);
  });

  describe('with quota-precheck', () => {
    it('does not send a turn to an account that is used up', async () => {
      await start(1, { quotaPrecheck: true });
      backend.state.exhaust(1, 1800);
      const refused = await ask();
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.closeTo(1800, -1)]);
      expect(calls('/codex/responses')).toEqual([]);
    });

    it('lets an account that is known go first, and asks about the other one meanwhile', async () => {
      await start(2, { quotaPrecheck: true });
      backend.state.next('503,head=500', { endpoint: 'usage', account: 1 });
      backend.state.next('503,head=500', { endpoint: 'usage', account: 2 });
      const [known, unknown] = [...app.get(AccountPool, { strict: false }).all()];
      const reading = { windows: [{ usedPercent: 40, minutes: 300, resetsAt: 0 }], plan: null, credits: null, at: clock.now() };
      app.get(AccountEffects, { strict: false }).observeQuota(known!.id, reading);
      // Nobody lets time pass: it could not have waited.
      expect(await status()).toBe(200);
      await backend.waitFor(({ path }) => path.endsWith('/wham/usage'));
      const keyOf = (email: string) => `account-${/\d+/.exec(email)![0]}`;
      expect([calls('/codex/responses'), calls('/wham/usage')]).toEqual([[keyOf(known!.email)], [keyOf(unknown!.email)]]);
    });

    it('costs a request at most a second when the usage endpoint is silent, and the next ones nothing', async () => {
      await start(3, { quotaPrecheck: true });
      backend.state.always('silence-before-headers', { endpoint: 'usage' });
      const answer = status();
      let answered = false;
      void answer.finally(() => (answered = true));
      const from = clock.now();
      while (!answered) {
        clock.advance(20);
        await setTimeout(1);
      }
      expect(await answer).toBe(200);
      expect(clock.now() - from).toBeGreaterThanOrEqual(SECOND);
      expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
      expect(new Set(calls('/codex/responses')).size).toBe(3);
    });

    it('asks once for many requests, and not again while the reading is young', async () => {
      await start(1, { quotaPrecheck: true, quotaCheckCacheTtlSec: 60 });
      expect(await Promise.all(Array.from({ length: 10 }, status))).toEqual(Array(10).fill(200));
      clock.advance(59 * SECOND);
      expect(await status()).toBe(200);
      expect(calls('/wham/usage')).toHaveLength(1);
      clock.advance(HOUR);
      expect(await status()).toBe(200);
      expect(calls('/wham/usage')).toHaveLength(2);
    });
  });
});
