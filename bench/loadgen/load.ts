import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, machine, rss, threads, type CpuMs } from '../meter/proc-tree.ts';
import { Connection } from './connection.ts';
import type { Job, LoadResult, RequestSpec } from './job.ts';
import { spread, Tally } from './tally.ts';

const PREWARM_CONNECTIONS = 16;

interface Sample {
  readonly at: number;
  readonly target: CpuMs | null;
  readonly upstream: CpuMs;
  readonly self: number;
  readonly machine: { readonly busy: number; readonly steal: number };
  readonly rss: number;
  /** Requests in flight. */
  readonly active: number;
}

const less = (b: CpuMs, a: CpuMs): CpuMs => ({ user: b.user - a.user, sys: b.sys - a.sys, total: b.total - a.total });

/**
 * Runs one job. CPU of target, upstream and itself is read at the edges of the measuring window.
 *   closed  conns connections, each sends its next request when the last answer is complete
 *   open    rate requests per second at fixed intervals; latency counts from the intended start;
 *           preceded by prewarmMs of closed loop, or a JIT runtime would be measured cold
 *   once    conns connections, one (paced) stream each, started over rampMs
 */
export class Load {
  readonly job: Job;
  readonly tally = new Tally();
  /** Sentinel count of a completely checked answer. */
  readonly expected = new Map<RequestSpec, number>();
  inWindow = false;
  readonly #connections: Connection[] = [];
  readonly #weight: number;
  /** Intended starts of the open loop that found no free connection. */
  readonly #queue: number[] = [];
  #stopped = false;
  #warming = false;
  #seed = 0;

  constructor(job: Job) {
    // The bytes arrive as a Uint8Array.
    this.job = { ...job, specs: job.specs.map((spec) => ({ ...spec, bytes: Buffer.from(spec.bytes) })) };
    this.#weight = job.specs.reduce((sum, spec) => sum + spec.weight, 0);
  }

  async run(): Promise<LoadResult> {
    const { job } = this;
    const watchdog = setInterval(() => this.#endOverdue(), 1000);
    await this.#begin();
    await sleep(job.rampMs + job.warmMs);
    const warmErrors = this.tally.counts.errors;
    const before = this.#sample();
    this.inWindow = true;
    await sleep(job.windowMs);
    const after = this.#sample();
    this.inWindow = false;
    if (job.mode === 'once') await this.#drain();
    this.#stopped = true;
    clearInterval(watchdog);
    const unfinished = job.mode === 'once' ? this.#active() : 0;
    return this.#result(before, after, warmErrors, unfinished);
  }

  close(): void {
    for (const connection of this.#connections) connection.drop();
  }

  /** A connection has no request any more: gives it the next one, if it is to have one. */
  idle(connection: Connection, delayMs: number): void {
    if (this.#stopped || this.job.mode === 'once') return;
    if (this.job.mode === 'open' && !this.#warming) {
      if (this.#queue.length) connection.send(this.#pick(), this.#queue.shift());
    } else if (delayMs) setTimeout(() => this.#stopped || connection.send(this.#pick()), delayMs);
    else connection.send(this.#pick());
  }

  /** Weighted, in the same order in every run. */
  #pick(): RequestSpec {
    this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) & 0x7fffffff;
    let x = (this.#seed / 0x7fffffff) * this.#weight;
    for (const spec of this.job.specs) if ((x -= spec.weight) <= 0) return spec;
    return this.job.specs[0]!;
  }

  #add(): Connection {
    const connection = new Connection(this);
    this.#connections.push(connection);
    return connection;
  }

  async #begin(): Promise<void> {
    const { mode, conns, prewarmMs, rampMs } = this.job;
    if (mode === 'open') {
      this.#warming = true;
      for (let i = 0; i < PREWARM_CONNECTIONS; i++) this.#add().send(this.#pick());
      await sleep(prewarmMs);
      this.#warming = false;
      this.#openLoop();
      return;
    }
    for (let i = 0; i < conns; i++) {
      const connection = this.#add();
      if (rampMs) setTimeout(() => this.#stopped || connection.send(this.#pick()), (i * rampMs) / conns);
      else connection.send(this.#pick());
    }
  }

  #openLoop(): void {
    const gap = 1000 / this.job.rate;
    let at = performance.now();
    const timer = setInterval(() => {
      if (this.#stopped) return clearInterval(timer);
      for (const now = performance.now(); at <= now; at += gap) this.#sendAt(at);
    }, 1);
  }

  #sendAt(at: number): void {
    const free = this.#connections.find((connection) => !connection.spec);
    if (free) free.send(this.#pick(), at);
    else if (this.#connections.length < this.job.conns) this.#add().send(this.#pick(), at);
    else {
      this.#queue.push(at);
      this.tally.counts.late++;
    }
  }

  #endOverdue(): void {
    const now = performance.now();
    for (const connection of this.#connections)
      if (connection.spec && now - connection.startedAt > this.job.timeoutMs) connection.timeout();
  }

  async #drain(): Promise<void> {
    for (const end = performance.now() + this.job.drainMs; performance.now() < end && this.#active();) await sleep(50);
  }

  #active(): number {
    return this.#connections.filter((connection) => connection.spec).length;
  }

  #sample(): Sample {
    const { target, upstream } = this.job;
    const self = process.cpuUsage();
    return {
      at: performance.now(),
      target: target === null ? null : cpuMs(target),
      upstream: cpuMs(upstream),
      self: (self.user + self.system) / 1000,
      machine: machine(),
      rss: target === null ? 0 : rss(target),
      active: this.#active(),
    };
  }

  #result(a: Sample, b: Sample, warmErrors: number, unfinished: number): LoadResult {
    const { counts, first, content, last, event } = this.tally;
    return {
      ...counts,
      ms: b.at - a.at,
      warmErrors,
      unfinished,
      active: a.active,
      rssEnd: b.rss,
      threads: this.job.target === null ? 0 : threads(this.job.target),
      cpu: {
        target: a.target && b.target && less(b.target, a.target),
        upstream: less(b.upstream, a.upstream),
        self: b.self - a.self,
        machine: b.machine.busy - a.machine.busy,
        steal: b.machine.steal - a.machine.steal,
      },
      first: spread(first),
      content: spread(content),
      last: spread(last),
      event: spread(event),
    };
  }
}
