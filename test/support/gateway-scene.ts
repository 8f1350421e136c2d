import { CodexBackend, CodexBackendOptions, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { RecordedRequest } from '../../src/sandbox/recorded-request.js';
import { createSandboxAccount, SandboxAccount, SandboxAccountOverrides } from '../../src/sandbox/sandbox-account.js';
import { GatewayProcess } from './gateway-process.js';
import { LogEntry } from './process-log.js';
import { ResponsesAnswer } from './sse-frames.js';

export interface SceneOptions {
  /** kebab-case keys of the gateway. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly backend?: CodexBackendOptions;
  /** Environment of the gateway. */
  readonly env?: Readonly<Record<string, string>>;
  /** Accounts of the first pool. */
  readonly accounts?: number;
}

const HEALTH_POLL_MS = 20;
const POOL_TIMEOUT_MS = 10_000;
const ERROR_LEVEL = 50;

/**
 * One gateway in front of one simulated backend, for a whole file of tests. `pool` gives each test accounts that nobody has used,
 * by way of auth-dir: what earlier tests did to theirs goes with their files.
 */
export class GatewayScene {
  #created = 0;
  #pool: SandboxAccount[] = [];
  #requestsBefore = 0;
  #linesBefore = 0;
  #before: Record<string, number> = {};

  private constructor(
    readonly backend: CodexBackend,
    readonly gateway: GatewayProcess,
  ) {}

  static async open({ config = {}, backend: options = {}, env = {}, accounts = 1 }: SceneOptions = {}): Promise<GatewayScene> {
    const first = Array.from({ length: accounts }, (_, i) => createSandboxAccount(i + 1));
    const backend = await startCodexBackend({ recordLimit: 100_000, ...options, accounts: first });
    try {
      const gateway = await GatewayProcess.start({ backend, accounts: first, config, env });
      const scene = new GatewayScene(backend, gateway);
      scene.#created = accounts;
      scene.#pool = first;
      return scene;
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** Replaces the accounts by `count` new ones, calms the backend, and forgets what was recorded. Returns their keys. */
  async pool(count: number, overrides: SandboxAccountOverrides = {}): Promise<string[]> {
    this.backend.state.calm();
    const before = this.#pool;
    this.#pool = Array.from({ length: count }, () => createSandboxAccount(++this.#created, overrides));
    for (const account of this.#pool) {
      this.backend.state.addAccount(account);
      this.gateway.writeAccount(account);
    }
    for (const account of before) this.gateway.removeAccount(account);
    await this.until(({ accounts, states }) => accounts === this.#created && states.active === count);
    this.#before = (await this.gateway.health()).states;
    this.forget();
    return this.#pool.map(({ key }) => key);
  }

  /** `states` of `/health`; what needs a login or is disabled is counted since the pool was made. */
  async states(): Promise<Record<string, number>> {
    const { states } = await this.gateway.health();
    const since = (name: string): number => states[name]! - (this.#before[name] ?? 0);
    return { ...states, needs_login: since('needs_login'), disabled: since('disabled') };
  }

  /** From here on only later requests and log lines count. */
  forget(): void {
    this.#requestsBefore = this.backend.requests.at(-1)?.number ?? 0;
    this.#linesBefore = this.gateway.entries.length;
  }

  /** Asks `/health` until it is so. */
  async until(fits: (health: Awaited<ReturnType<GatewayProcess['health']>>) => boolean, timeoutMs = POOL_TIMEOUT_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const health = await this.gateway.health();
      if (fits(health)) return;
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(health)}\n${this.gateway.log}`);
      await new Promise((resolve) => setTimeout(resolve, HEALTH_POLL_MS));
    }
  }

  /** `POST /v1/responses`, read to its end. */
  ask(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<ResponsesAnswer> {
    return ResponsesAnswer.of(this.gateway.responses(body, { headers }));
  }

  /** Requests that reached the backend since the pool was made. */
  get requests(): RecordedRequest[] {
    return this.backend.requests.filter(({ number }) => number > this.#requestsBefore);
  }

  /** Turns among them: every `POST …/responses`. */
  get attempts(): RecordedRequest[] {
    return this.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/responses'));
  }

  /** On which account each of them was. */
  get attemptedOn(): (string | null)[] {
    return this.attempts.map(({ account }) => account);
  }

  /** Exchanges of refresh tokens. */
  get refreshes(): RecordedRequest[] {
    return this.requests.filter(({ path }) => path === '/oauth/token');
  }

  waitForRequest(fits: (request: RecordedRequest) => boolean): Promise<RecordedRequest> {
    const from = this.#requestsBefore;
    return this.backend.waitFor((request) => request.number > from && fits(request));
  }

  get log(): readonly LogEntry[] {
    return this.gateway.entries.slice(this.#linesBefore);
  }

  logged(fits: (entry: LogEntry) => boolean): Promise<LogEntry> {
    return this.gateway.logged(fits, 10_000, this.#linesBefore);
  }

  /** The line that every request leaves, by the id in its answer. */
  requestLine(requestId: string | null): Promise<LogEntry> {
    return this.logged((entry) => entry.msg === 'request' && entry.requestId === requestId);
  }

  /** Ends both. Throws if the gateway has crashed or logged an error: whatever a test looked at, that is never right. */
  async close(): Promise<void> {
    const { exit, entries } = this.gateway;
    await this.gateway.stop('SIGKILL');
    await this.backend.close();
    const errors = entries.filter(({ level }) => Number(level) >= ERROR_LEVEL);
    if (exit || errors.length > 0) throw new Error(`gateway: ${JSON.stringify(exit)} ${JSON.stringify(errors)}`);
  }
}
