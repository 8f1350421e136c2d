import { Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { UpstreamClient } from './upstream.client.js';

const PING_LIMIT_MS = 30_000;

/** Keeps a connection to the backend open through quiet times: a HEAD every `keepalive-interval`, of which only the connection matters. */
@Injectable()
export class ConnectionKeepalive implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ConnectionKeepalive.name);
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(
    private readonly config: Config,
    private readonly client: UpstreamClient,
  ) {}

  onApplicationBootstrap(): void {
    const { keepaliveInterval } = this.config;
    if (keepaliveInterval > 0) this.#timer = setInterval(() => void this.ping(), keepaliveInterval * 1000).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
    this.#stopped.abort();
  }

  /** One ping; never rejects, and does nothing while the last one is under way. */
  async ping(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const { body } = await this.client.open({
        url: new URL(this.config.baseUrl),
        method: 'HEAD',
        headers: {},
        signal: this.#stopped.signal,
        totalTimeoutMs: PING_LIMIT_MS,
      });
      await body.text();
    } catch (error) {
      this.logger.debug({ msg: 'keep-alive ping failed', reason: (error as Error).message });
    } finally {
      this.#running = false;
    }
  }
}
