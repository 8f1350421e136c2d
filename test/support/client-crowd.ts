import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from './gateway-process.js';

/** One HTTP request of one client. Instants are epoch ms. */
export interface CrowdCall {
  readonly client: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the first output came; null: none. */
  readonly outputAt: number | null;
  /** 0: no HTTP answer. */
  readonly status: number;
  readonly ok: boolean;
  /** Code of the error, of a status or in-band. */
  readonly code: string;
  readonly retryAfter: string | null;
  readonly shouldRetry: string | null;
  readonly message: string;
}

export interface CrowdOptions {
  /** How many clients; each has one call under way. */
  readonly clients: number;
  /** Default: a stream of about 0.3 s. */
  readonly prompt?: string;
  readonly path?: string;
  readonly body?: (prompt: string) => Record<string, unknown>;
}

const SDK_RETRIES = 2;
const RETRIED = new Set([0, 408, 409, 429]);
/** Between two calls of an agent, and after one that failed for good. */
const THINKING_MS = 20;
const FAILED_MS = 250;

/**
 * Clients that stream one answer after the other, and repeat a failed call as the vendors' SDKs do: twice, after 0.5 and 1 s with jitter or
 * after what `retry-after` says. An agent whose call has failed for good asks again soon.
 */
export class ClientCrowd {
  readonly calls: CrowdCall[] = [];
  readonly #leaving = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly gateways: readonly GatewayProcess[],
    private readonly options: CrowdOptions,
  ) {}

  start(): this {
    this.#running = Promise.all(Array.from({ length: this.options.clients }, (_, n) => this.#agent(n)));
    return this;
  }

  /** Ends after the calls that are under way, or cuts them. */
  async stop({ cut = false } = {}): Promise<void> {
    this.#stopped = true;
    if (cut) this.#leaving.abort();
    await this.#running;
  }

  #stopped = false;

  /** Resolves when so many more calls have ended well or badly. */
  async served(count: number): Promise<void> {
    for (const enough = this.calls.length + count; this.calls.length < enough;) await sleep(THINKING_MS);
  }

  /** Calls that began at `from` or later and before `to`. */
  begun(from: number, to = Infinity): CrowdCall[] {
    return this.calls.filter(({ startedAt }) => startedAt >= from && startedAt < to);
  }

  /** How many of the clients saw output of a good answer between the two instants. */
  servedClients(from: number, to: number): number {
    return new Set(
      this.calls.filter(({ ok, outputAt }) => ok && outputAt !== null && outputAt >= from && outputAt <= to).map(({ client }) => client),
    ).size;
  }

  async #agent(client: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const ok = await this.#withRetries(client, `Agent ${client}, turn ${turn}`);
      await sleep(ok ? THINKING_MS : FAILED_MS);
    }
  }

  async #withRetries(client: number, prompt: string): Promise<boolean> {
    for (let retry = 0; ; retry++) {
      const call = await this.#call(client, prompt);
      this.calls.push(call);
      if (call.ok) return true;
      const again = call.shouldRetry === null ? RETRIED.has(call.status) || call.status >= 500 : call.shouldRetry === 'true';
      if (this.#stopped || !again || retry === SDK_RETRIES) return false;
      await sleep(waitMs(call.retryAfter, retry));
    }
  }

  async #call(client: number, prompt: string): Promise<CrowdCall> {
    const startedAt = Date.now();
    const { path = '/v1/responses', body = responsesBody } = this.options;
    const call = { client, startedAt, outputAt: null, status: 0, ok: false, code: '', retryAfter: null, shouldRetry: null, message: '' };
    try {
      const gateway = this.gateways[client % this.gateways.length]!;
      const asked = `${prompt} ${this.options.prompt ?? '#scenario=long,n=6,delay=40#'}`;
      const response = await gateway.request(path, { json: body(asked), signal: this.#leaving.signal });
      const told = {
        ...call,
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        shouldRetry: response.headers.get('x-should-retry'),
      };
      if (response.status !== 200) return { ...told, ...errorOf(await response.text()), endedAt: Date.now() };
      return { ...told, ...(await readStream(response)), endedAt: Date.now() };
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } };
      return { ...call, code: cause?.code ?? message, message, endedAt: Date.now() };
    }
  }
}

const responsesBody = (prompt: string): Record<string, unknown> => ({ model: 'gpt-5.4', input: prompt, stream: true });

async function readStream(response: Response): Promise<Pick<CrowdCall, 'ok' | 'outputAt' | 'code' | 'message'>> {
  let [text, outputAt] = ['', null as number | null];
  const decoder = new TextDecoder();
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true });
    if (outputAt === null && text.includes('.delta"')) outputAt = Date.now();
  }
  const ok = text.includes('event: response.completed');
  const code = ok ? '' : (/"code":"([^"]*)"/.exec(text.slice(text.lastIndexOf('event: ')))?.[1] ?? 'no end');
  return { ok, outputAt, code, message: ok ? '' : text.slice(-300) };
}

function errorOf(text: string): Pick<CrowdCall, 'code' | 'message'> {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } };
    return { code: error?.code ?? '', message: error?.message ?? text };
  } catch {
    return { code: 'no JSON', message: text.slice(0, 200) };
  }
}

const waitMs = (retryAfter: string | null, retry: number): number => {
  const seconds = Number(retryAfter);
  if (retryAfter !== null && seconds > 0 && seconds <= 60) return seconds * 1000;
  return Math.min(500 * 2 ** retry, 8_000) * (1 - Math.random() * 0.25);
};
