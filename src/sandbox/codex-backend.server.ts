import { IncomingMessage, Server, ServerResponse, createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { Clock } from '../common/clock.js';
import { BackendState } from './backend-state.js';
import { route } from './backend-routes.js';
import { Exchange } from './exchange.js';
import { RecordedRequest, RequestLog } from './recorded-request.js';
import { detail } from './refusal.js';
import { SandboxAccount } from './sandbox-account.js';

export interface CodexBackendOptions {
  /** 0 or nothing: any free port. */
  port?: number;
  host?: string;
  /** Source of time and of waits; a fake one makes paced streams wait for the test. */
  clock?: Clock;
  /** How many made-up accounts (1, 2, …), or which ones. Default 1. */
  accounts?: number | readonly SandboxAccount[];
  /** Two backends with different seeds cannot read each other's ciphertexts. */
  seed?: string;
  /** What answers a prompt without a marker; default `text`. */
  defaultScenario?: string;
  /** Prompts that get a tool turn without a marker, e.g. `/TOOLTURN/`. */
  toolTurn?: RegExp;
  /** How many requests are remembered; default 2000. */
  recordLimit?: number;
}

/** A running simulated backend. */
export interface CodexBackend {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Value for `base-url`. */
  readonly baseUrl: string;
  readonly oauthTokenUrl: string;
  readonly usageUrl: string;
  readonly state: BackendState;
  /** The last requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** The first request that fits, now or later; rejects after `timeoutMs` (10 s). */
  waitFor(fits: (request: RecordedRequest) => boolean, timeoutMs?: number): Promise<RecordedRequest>;
  /** Breaks every connection and frees the port. */
  close(): Promise<void>;
}

/** Starts a stand-in for the Codex backend on loopback: see docs/SANDBOX.md. */
export async function startCodexBackend(options: CodexBackendOptions = {}): Promise<CodexBackend> {
  const clock = options.clock ?? new Clock();
  const state = new BackendState(clock, options.seed ?? 'sandbox', options.defaultScenario ?? 'text');
  state.toolTurn = options.toolTurn ?? null;
  addAccounts(state, options.accounts ?? 1);
  const log = new RequestLog(options.recordLimit ?? 2_000);
  let closing = false;
  const server = createServer((req, res) => {
    void serve(req, res, { state, clock, log, closing: () => closing });
  });
  // As long as the vendor's edge keeps an idle connection; nothing else may end a request early.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return {
    url,
    baseUrl: `${url}/backend-api/codex`,
    oauthTokenUrl: `${url}/oauth/token`,
    usageUrl: `${url}/backend-api/wham/usage`,
    state,
    requests: log.entries,
    waitFor: (fits, timeoutMs) => log.waitFor(fits, timeoutMs),
    close: () => {
      closing = true;
      return closeServer(server);
    },
  };
}

interface Serving {
  readonly state: BackendState;
  readonly clock: Clock;
  readonly log: RequestLog;
  readonly closing: () => boolean;
}

async function serve(req: IncomingMessage, res: ServerResponse, { state, clock, log, closing }: Serving): Promise<void> {
  const record = recordOf(req, log.nextNumber(), clock.now());
  log.add(record);
  const exchange = new Exchange(req, res, record, log, clock, closing);
  try {
    await route(exchange, state, clock);
  } catch (error) {
    if (exchange.signal.aborted || !req.complete) return;
    if (exchange.headersSent) exchange.destroy();
    else await exchange.refuse(detail(500, (error as Error).message));
  }
}

function recordOf(req: IncomingMessage, number: number, at: number): RecordedRequest {
  const url = new URL(req.url ?? '/', 'http://sandbox');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (name !== 'authorization' && value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const query = Object.fromEntries(url.searchParams);
  const ending = { status: null, endedAt: null, aborted: false, abortedAt: null };
  const method = req.method ?? 'GET';
  return { number, method, path: url.pathname, query, headers, account: null, body: undefined, at, scenario: null, ...ending };
}

function addAccounts(state: BackendState, accounts: number | readonly SandboxAccount[]): void {
  if (typeof accounts !== 'number') for (const account of accounts) state.addAccount(account);
  else for (let n = 1; n <= accounts; n++) state.addAccount(n);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4_096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
