import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ByteString } from '../common/byte-string.js';
import { KeepAliveTicker } from '../common/keep-alive-ticker.js';
import { SseWriter } from '../common/sse-writer.js';
import { Config } from '../config/config.js';
import { DrainService } from './drain.service.js';

/** Makes the writer of each streamed answer; all of them share one keep-alive timer. */
@Injectable()
export class SseWriters {
  readonly #ticker: KeepAliveTicker;

  constructor(
    config: Config,
    private readonly drain: DrainService,
  ) {
    this.#ticker = new KeepAliveTicker(config.streamKeepaliveInterval * 1000);
  }

  /** @param keepAlive what is written after each silent interval, a whole frame of the dialect. */
  create(reply: FastifyReply, keepAlive: () => ByteString): SseWriter {
    return new SseWriter(reply, this.#ticker, keepAlive, this.drain);
  }
}
