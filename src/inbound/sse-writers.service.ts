import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ByteString } from '../common/byte-string.js';
import { BLANK, JsonAnswer } from '../common/json-answer.js';
import { KeepAliveTicker } from '../common/keep-alive-ticker.js';
import { SseWriter } from '../common/sse-writer.js';
import { Config } from '../config/config.js';
import { DrainService } from './drain.service.js';

/** Makes what writes each answer of a model; all streams share one keep-alive timer, and all JSON answers another one. */
@Injectable()
export class SseWriters {
  readonly #ticker: KeepAliveTicker;
  readonly #blanks: KeepAliveTicker;
  readonly #stallMs: number;

  constructor(
    config: Config,
    private readonly drain: DrainService,
  ) {
    this.#ticker = new KeepAliveTicker(config.streamKeepaliveInterval * 1000);
    this.#stallMs = config.listenWriteTimeoutSec * 1000;
    this.#blanks = new KeepAliveTicker(config.nonstreamKeepaliveInterval * 1000);
  }

  /** @param keepAlive what is written after each silent interval, a whole frame of the dialect. */
  create(reply: FastifyReply, keepAlive: () => ByteString): SseWriter {
    return new SseWriter(reply, this.#ticker, keepAlive, this.drain, this.#stallMs);
  }

  createJson(reply: FastifyReply): JsonAnswer {
    return new JsonAnswer(reply, this.#blanks, new SseWriter(reply, this.#blanks, () => BLANK, this.drain, this.#stallMs));
  }
}
