import { readdirSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { ClientCrowd } from './client-crowd.js';
import { figures, percentile } from './fault-scale.js';
import { KEY } from './gateway-process.js';
import { GatewayScene, type SceneOptions } from './gateway-scene.js';
import { RawClient, request } from './raw-http.js';

const MIB = 1_048_576;
const CLIENTS = 4;
/** An undisturbed call takes 0.3 s. Attackers, clients, backend and gateway share the processors of the machine. */
const SLOWEST_CALL_MS = 5_000;
const SETTLE_MS = 10_000;
const POLL_MS = 50;

export interface AttackLimits {
  /** How far memory may rise above what it was. */
  readonly growthMib?: number;
  /** Lines that it may leave in the log. */
  readonly lines?: number;
  /** Connections to the backend, those of honest clients, that it may leave behind as a pool. */
  readonly kept?: number;
}

/** A gateway with honest clients beside whoever attacks it. */
export class HostileScene {
  readonly #raw: RawClient[] = [];

  private constructor(readonly scene: GatewayScene) {}

  static async open(config: SceneOptions['config'] = {}): Promise<HostileScene> {
    const hostile = new HostileScene(await GatewayScene.open({ config }));
    // What is compiled and loaded by the first requests is nobody's fault.
    for (let i = 0; i < 20; i++) await hostile.scene.ask({ input: `Warm up ${i}`, stream: true });
    return hostile;
  }

  get port(): number {
    return Number(new URL(this.scene.gateway.url).port);
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.scene.gateway.child.pid}/fd`).length;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    this.#raw.push(client);
    return client;
  }

  /** Many connections, not all at once: the queue of new ones is as short as the system makes it. */
  async connectMany(count: number): Promise<RawClient[]> {
    const clients: RawClient[] = [];
    while (clients.length < count)
      clients.push(...(await Promise.all(Array.from({ length: Math.min(100, count - clients.length) }, () => this.connect()))));
    return clients;
  }

  /** Sends bytes on a connection of its own; everything that came until the gateway closed it or the pattern fits. */
  async exchange(bytes: string | Buffer, until?: RegExp): Promise<string> {
    const client = (await this.connect()).send(bytes);
    const answer = await (until ? client.until(until) : client.end());
    client.destroy();
    return answer;
  }

  /** A request to a dialect, as text. */
  post(body: string, headers: Record<string, string> = {}, path = '/v1/responses'): string {
    return request(`POST ${path}`, { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers }, body);
  }

  /**
   * Runs an attack. Meanwhile every call of the honest clients must succeed at its first attempt, in bounded time; memory must stay within
   * its bound; afterwards every connection and every call to the backend that the attack began must be gone.
   */
  async attack(
    name: string,
    attack: () => Promise<void>,
    { growthMib = 150, lines = 2_000, kept = 4 * CLIENTS }: AttackLimits = {},
  ): Promise<void> {
    const { gateway } = this.scene;
    this.scene.forget();
    await this.#until('idle before', () => this.#openCalls === 0);
    const files = this.openFiles;
    const before = gateway.rssBytes;
    writeFileSync(`/proc/${gateway.child.pid}/clear_refs`, '5');
    const linesBefore = gateway.entries.length;
    const crowd = new ClientCrowd([gateway], { clients: CLIENTS }).start();
    const startedAt = Date.now();
    await crowd.served(CLIENTS);
    try {
      await attack();
      await crowd.served(CLIENTS);
    } finally {
      for (const client of this.#raw.splice(0)) client.destroy();
      await crowd.stop();
    }
    const growth = Math.round((gateway.peakRssBytes - before) / MIB);
    const times = crowd.calls.map((call) => call.endedAt - call.startedAt);
    const logged = gateway.entries.length - linesBefore;
    const worst = Math.max(...times);
    figures(name, { ms: Date.now() - startedAt, calls: times.length, p50: percentile(times, 0.5), worst, growth, logged });
    expect(crowd.calls.filter(({ ok }) => !ok)).toEqual([]);
    expect(worst).toBeLessThan(SLOWEST_CALL_MS);
    expect(growth).toBeLessThan(growthMib);
    expect(logged).toBeLessThan(lines);
    expect(gateway.exit).toBeNull();
    await this.#until('calls to the backend', () => this.#openCalls === 0);
    await this.#until('connections', () => this.openFiles <= files + kept);
  }

  async close(): Promise<void> {
    await this.scene.close();
  }

  get #openCalls(): number {
    return this.scene.attempts.filter(({ endedAt, aborted }) => endedAt === null && !aborted).length;
  }

  async #until(what: string, fits: () => boolean): Promise<void> {
    for (const deadline = Date.now() + SETTLE_MS; !fits();) {
      if (Date.now() > deadline) throw new Error(`${what}: still ${this.#openCalls} calls, ${this.openFiles} files after ${SETTLE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
