import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentSettings } from '../config/environment-settings.js';
import { ConfigError } from '../config/config-error.js';
import { fileSettings } from '../config/file-settings.js';
import type { ConfigSources } from '../config/load-config.js';
import { configFrom } from '../config/load-config.js';
import type { Setting } from '../config/setting.js';
import { CodexBackend, startCodexBackend } from '../sandbox/codex-backend.server.js';
import { sandboxAccountFiles, sandboxAccounts } from '../sandbox/sandbox.seed.js';
import { start } from './start.js';

const ACCOUNTS = 3;
const KEY = 'sk-sandbox';
const PORT = 8080;

/**
 * Serves in front of a simulated backend, with made-up accounts and one key; nothing leaves the machine. Everything it writes is
 * in a directory of its own that goes with the process. `listen` and the keys that do not lead to the backend are the caller's.
 */
export async function startSandbox({ file, env }: ConfigSources, say: (line: string) => void): Promise<void> {
  const own = settingsOf(file, env);
  const dir = mkdtempSync(join(tmpdir(), 'codex-proxy-sandbox-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  const accounts = sandboxAccounts(ACCOUNTS);
  const backend = await startCodexBackend({ accounts });
  const listen = own.some(({ key }) => key === 'listen') ? [] : [setting('listen', `127.0.0.1:${await freePort(PORT)}`)];
  const { config, warnings } = configFrom([...own, ...listen, ...sandboxSettings(dir, backend)]);
  mkdirSync(config.authDir);
  for (const { name, content } of sandboxAccountFiles(accounts)) writeFileSync(join(config.authDir, name), content, { mode: 0o600 });
  const app = await start(config, warnings);
  for (const line of greeting(await app.getUrl())) say(line);
}

const setting = (key: string, value: unknown): Setting => ({ key, value, where: 'sandbox' });

function settingsOf(file: string | undefined, env: NodeJS.ProcessEnv): Setting[] {
  const fromFile = fileSettings(file);
  const fromEnvironment = environmentSettings(env);
  const faults = [...fromFile.faults, ...fromEnvironment.faults];
  if (faults.length > 0) throw new ConfigError(faults);
  return [...fromFile.settings, ...fromEnvironment.settings];
}

const sandboxSettings = (dir: string, { baseUrl, oauthTokenUrl, usageUrl }: CodexBackend): Setting[] => [
  setting('auth-dir', join(dir, 'auths')),
  setting('db-enabled', false),
  setting('db-path', join(dir, 'codex-proxy.db')),
  setting('base-url', baseUrl),
  setting('oauth-token-url', oauthTokenUrl),
  setting('usage-url', usageUrl),
  setting('proxy-url', ''),
  setting('api-keys', [KEY]),
];

/** The wished port, or any other if somebody has it. */
function freePort(wished: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => (wished === 0 ? reject(new Error('no port is free')) : resolve(freePort(0))));
    probe.listen(wished, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wished));
    });
  });
}

const greeting = (url: string): string[] => [
  '',
  `The gateway answers at ${url}, in front of a simulated backend with ${ACCOUNTS} made-up accounts. Try:`,
  '',
  `  curl ${url}/v1/responses -H "Authorization: Bearer ${KEY}" -H "Content-Type: application/json" -d '{"model": "gpt-5.4", "input": "Hello!"}'`,
  '',
  `  curl -N ${url}/v1/responses -H "Authorization: Bearer ${KEY}" -H "Content-Type: application/json" -d '{"model": "gpt-5.4-high", "input": "Hello!", "stream": true}'`,
  '',
  `  curl ${url}/v1/models -H "Authorization: Bearer ${KEY}"`,
  '',
  'Ctrl-C ends it and leaves nothing behind.',
];
