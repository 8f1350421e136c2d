import type { Server } from 'node:http';
import { BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';

/** Connections that fall idle while others still stream are closed within this time. */
const SWEEP_MS = 100;

/**
 * The end of the process as clients see it: no new connections, idle ones closed (HTTP/2: GOAWAY), answers in flight may
 * end within `shutdown-timeout`, what is left then is cut.
 */
@Injectable()
export class DrainService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(DrainService.name);
  #drained: Promise<void> | undefined;

  constructor(
    private readonly config: Config,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Readiness is off from the moment this is true. */
  get draining(): boolean {
    return this.#drained !== undefined;
  }

  /** Resolves when the last connection is closed. Asking again changes nothing. */
  drain(): Promise<void> {
    return (this.#drained ??= this.#close());
  }

  /** Cuts every connection now. */
  force(): void {
    void this.drain();
    this.#server.closeAllConnections();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.drain();
  }

  get #server(): Server {
    return this.adapterHost.httpAdapter.getHttpServer() as Server;
  }

  #close(): Promise<void> {
    const server = this.#server;
    if (!server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const cut = setTimeout(() => {
        this.logger.warn({ msg: 'shutdown-timeout is over: the streams still in flight are cut' });
        server.closeAllConnections();
      }, this.config.shutdownTimeout * 1000);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(cut);
        resolve();
      });
      server.closeIdleConnections();
    });
  }
}
