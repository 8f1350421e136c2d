import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { Config } from '../../config/config.js';
import { Executor } from '../../executor/executor.service.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { SseWriters } from '../../inbound/sse-writers.service.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { anthropicHeaders } from '../shared/answer-headers.js';
import { anthropicError } from '../shared/anthropic-error.js';
import { FoldSink } from '../shared/fold-sink.js';
import { parseJsonBody } from '../shared/json-body.js';
import { SchemaRepairs } from '../shared/schema-repairs.service.js';
import { StreamSink } from '../shared/stream-sink.js';
import { estimateTokens } from '../shared/token-count/estimate.js';
import { decodeMessages } from './messages.request.js';
import { MessagesFold } from './messages.response.js';
import { MessagesStreamEncoder } from './messages.stream.js';
import type { MessagesReply } from './messages-reply.js';
import { prewarmFrames, prewarmJson } from './prewarm.js';

/** `POST /v1/messages`, whatever its query says (`?beta=true`). */
@Controller(['v1/messages', 'messages', 'v1/v1/messages'])
@UseGuards(ApiKeyGuard)
export class MessagesController {
  constructor(
    private readonly executor: Executor,
    private readonly models: ModelResolver,
    private readonly writers: SseWriters,
    private readonly repairs: SchemaRepairs,
    private readonly config: Config,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const turn = decodeMessages(parseJsonBody(body), request.headers, this.models.resolve, {
      dropEmptyArguments: this.config.toolDropEmptyArguments,
    });
    this.repairs.note(turn.repairs);
    const shown: MessagesReply = {
      ...turn.reply,
      fallbackId: `msg_${randomUUID().replaceAll('-', '')}`,
      requestId: request.id,
      // Most JSON answers never ask for it.
      inputEstimate: () => estimateTokens(turn.request.body),
    };
    const signal = clientSignal(request, reply);
    const headers = (head: { readonly ignored: readonly string[] }): Record<string, string> => anthropicHeaders(head, request.id);
    if (turn.stream) {
      const encoder = new MessagesStreamEncoder(shown);
      const writer = this.writers.create(reply, () => encoder.keepAlive());
      if (turn.prewarm) {
        writer.open(headers(turn.request));
        writer.write(prewarmFrames(shown));
        return writer.end();
      }
      return await this.executor.run(turn.request, new StreamSink(encoder, writer, headers), signal, request.id);
    }
    if (turn.prewarm) {
      void reply.headers(headers(turn.request)).type('application/json; charset=utf-8').send(prewarmJson(shown));
      return;
    }
    const sink = new FoldSink(new MessagesFold(shown), this.writers.createJson(reply), {
      headers,
      failure: (error) => anthropicError(error, request.id).body,
    });
    await this.executor.run(turn.request, sink, signal, request.id);
  }
}
