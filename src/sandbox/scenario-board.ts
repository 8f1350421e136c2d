import { digest } from './made-up.js';
import { ScenarioSpec } from './scenario-spec.js';
import { Step, raw, wait } from './step.js';

export type Endpoint = 'responses' | 'compact' | 'models' | 'usage' | 'token';

/** A part of a raw answer: bytes, or a pause. */
export type RawChunk = string | Buffer | { readonly waitMs: number };

export interface RawOptions {
  /** `body`: after the usual status line and headers of a stream; `socket`: everything, status line included. */
  readonly level?: 'body' | 'socket';
  /** What follows the bytes. */
  readonly end?: 'close' | 'reset' | 'hang';
}

/** How a request is to be answered. */
export type Plan = { readonly kind: 'scenario'; readonly spec: ScenarioSpec } | { readonly kind: 'steps'; readonly steps: readonly Step[] };

interface Queued {
  readonly endpoint: Endpoint;
  /** null: whoever comes. */
  readonly account: string | null;
  readonly plan: Plan;
  left: number;
}

const REMEMBERED_PROMPTS = 10_000;

/** Which scenario comes next: a queue of one-shots, and what holds until it is changed. */
export class ScenarioBoard {
  readonly #queue: Queued[] = [];
  readonly #standing = new Map<string, ScenarioSpec>();
  readonly #served = new Map<string, number>();

  enqueue(endpoint: Endpoint, account: string | null, plan: Plan, times: number): void {
    this.#queue.push({ endpoint, account, plan, left: times });
  }

  hold(endpoint: Endpoint, account: string | null, spec: ScenarioSpec | null): void {
    const key = `${endpoint} ${account ?? '*'}`;
    if (spec) this.#standing.set(key, spec);
    else this.#standing.delete(key);
  }

  clear(): void {
    this.#queue.length = 0;
    this.#standing.clear();
    this.#served.clear();
  }

  /** One-shots still waiting. */
  get waiting(): number {
    return this.#queue.reduce((sum, entry) => sum + entry.left, 0);
  }

  /** The first queued answer for this caller, else the standing one of the account, else that of the endpoint. */
  take(endpoint: Endpoint, account: string | null): Plan | null {
    const at = this.#queue.findIndex((entry) => entry.endpoint === endpoint && (entry.account === null || entry.account === account));
    const queued = this.#queue[at];
    if (queued) {
      if (--queued.left <= 0) this.#queue.splice(at, 1);
      return queued.plan;
    }
    const spec = this.#standing.get(`${endpoint} ${account ?? '*'}`) ?? this.#standing.get(`${endpoint} *`);
    return spec ? { kind: 'scenario', spec } : null;
  }

  /** `times=N` of a marker: true for the first N requests with the same prompt; the next one is served normally and starts the count anew. */
  stillCounts(spec: ScenarioSpec, prompt: string): boolean {
    if (!spec.params.has('times')) return true;
    const key = digest(spec.source, prompt);
    const served = (this.#served.get(key) ?? 0) + 1;
    this.#served.delete(key);
    if (served > spec.params.number('times', 1)) return false;
    this.#served.set(key, served);
    if (this.#served.size > REMEMBERED_PROMPTS) this.#served.delete(this.#served.keys().next().value!);
    return true;
  }
}

export function rawSteps(chunks: readonly RawChunk[], { level = 'body', end = 'close' }: RawOptions): Step[] {
  const steps: Step[] = level === 'body' ? [{ do: 'headers' }] : [];
  for (const chunk of chunks) {
    if (typeof chunk === 'object' && 'waitMs' in chunk) steps.push(wait(chunk.waitMs));
    else steps.push(level === 'body' ? raw(chunk) : { do: 'socket', bytes: chunk });
  }
  if (end !== 'close') steps.push({ do: end });
  return steps;
}
