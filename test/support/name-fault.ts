import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PRELOAD = `
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const real = dns.lookup;
dns.lookup = (name, options, callback) => {
  if (!String(name).endsWith('.test')) return real(name, options, callback);
  const [code, ms] = readFileSync(process.env.NAME_FAULT, 'utf8').split(' ');
  if (code === 'ok') return real('127.0.0.1', options, callback);
  setTimeout(() => callback(Object.assign(new Error('getaddrinfo ' + code + ' ' + name), { code, syscall: 'getaddrinfo', hostname: name })), Number(ms));
};
syncBuiltinESMExports();
`;

/** Names that end in `.test` mean this machine in a process with this environment, or cannot be resolved. */
export class NameFault {
  readonly #dir = mkdtempSync(join(tmpdir(), 'names-'));
  readonly #state = join(this.#dir, 'state');

  constructor() {
    writeFileSync(join(this.#dir, 'names.mjs'), PRELOAD);
    this.resolve();
  }

  get env(): Record<string, string> {
    return { NODE_OPTIONS: `--import=${pathToFileURL(join(this.#dir, 'names.mjs')).href}`, NAME_FAULT: this.#state };
  }

  resolve(): void {
    writeFileSync(this.#state, 'ok');
  }

  fail(code: 'ENOTFOUND' | 'EAI_AGAIN', afterMs = 0): void {
    writeFileSync(this.#state, `${code} ${afterMs}`);
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
