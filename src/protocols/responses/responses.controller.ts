import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { Clock } from '../../common/clock.js';
import { GatewayError } from '../../common/gateway-error.js';
import { Executor } from '../../executor/executor.service.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { SseWriters } from '../../inbound/sse-writers.service.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { openAiHeaders } from '../shared/answer-headers.js';
import { FoldSink } from '../shared/fold-sink.js';
import { parseJsonBody } from '../shared/json-body.js';
import { openAiError } from '../shared/openai-error.js';
import { StreamSink } from '../shared/stream-sink.js';
import { decodeResponses } from './responses.request.js';
import { ResponsesFold } from './responses.response.js';
import { ResponsesStreamEncoder } from './responses.stream.js';

const PATHS = ['v1/responses', 'responses', 'v1/v1/responses', 'backend-api/codex/responses'];

/** `POST /v1/responses`: the backend's own dialect, so that most of an answer is passed on byte for byte. */
@Controller(PATHS)
@UseGuards(ApiKeyGuard)
export class ResponsesController {
  constructor(
    private readonly executor: Executor,
    private readonly models: ModelResolver,
    private readonly writers: SseWriters,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const turn = decodeResponses(parseJsonBody(body), request.headers, this.models.resolve);
    const fallbackId = `resp_${randomUUID().replaceAll('-', '')}`;
    const shown = { ...turn.reply, fallbackId, createdAt: Math.floor(this.clock.now() / 1000) };
    const { codexClient } = shown;
    const signal = clientSignal(request, reply);
    if (turn.stream) {
      const encoder = new ResponsesStreamEncoder(shown);
      const writer = this.writers.create(reply, () => encoder.keepAlive());
      const sink = new StreamSink(encoder, writer, (head) => openAiHeaders(head, codexClient, reply));
      await this.executor.run(turn.request, sink, signal, request.id);
      return;
    }
    const sink = new FoldSink(new ResponsesFold(shown), this.writers.createJson(reply), {
      headers: (head) => openAiHeaders(head, codexClient, reply),
      failure: (error) => openAiError(error, codexClient).body,
    });
    await this.executor.run(turn.request, sink, signal, request.id);
  }

  /** Official Codex clients try a WebSocket first; 426 makes them fall back to `POST` at once. */
  @Get()
  upgrade(@Req() request: FastifyRequest): never {
    if (/\bwebsocket\b/i.test(request.headers.upgrade ?? '')) {
      throw new GatewayError('upgrade_required', 'WebSockets are not offered here; send the request with POST.');
    }
    throw new GatewayError('method_not_allowed', 'Use POST: responses are not stored, so there is nothing to list.');
  }
}
