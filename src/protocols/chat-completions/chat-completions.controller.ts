import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { Clock } from '../../common/clock.js';
import type { TurnHead } from '../../executor/turn-sink.js';
import { Executor } from '../../executor/executor.service.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { SseWriters } from '../../inbound/sse-writers.service.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { openAiHeaders } from '../shared/answer-headers.js';
import { FoldSink } from '../shared/fold-sink.js';
import { parseJsonBody } from '../shared/json-body.js';
import { SchemaRepairs } from '../shared/schema-repairs.service.js';
import { StreamSink } from '../shared/stream-sink.js';
import { estimateTokens } from '../shared/token-count/estimate.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { chatErrorBody } from './chat-completions.errors.js';
import { decodeChatCompletions } from './chat-completions.request.js';
import { ChatCompletionsFold } from './chat-completions.response.js';
import { ChatCompletionsStreamEncoder } from './chat-completions.stream.js';

/** `POST /v1/chat/completions`. */
@Controller(['v1/chat/completions', 'chat/completions', 'v1/v1/chat/completions'])
@UseGuards(ApiKeyGuard)
export class ChatCompletionsController {
  constructor(
    private readonly executor: Executor,
    private readonly models: ModelResolver,
    private readonly writers: SseWriters,
    private readonly repairs: SchemaRepairs,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const turn = decodeChatCompletions(parseJsonBody(body), request.headers, this.models.resolve);
    this.repairs.note(turn.repairs);
    const shown: ChatCompletionsReply = {
      ...turn.reply,
      fallbackId: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
      createdAt: Math.floor(this.clock.now() / 1000),
      // Hardly any answer asks for it.
      inputEstimate: () => estimateTokens(turn.request.body),
    };
    const signal = clientSignal(request, reply);
    const headers = (head: TurnHead): Record<string, string> => openAiHeaders(head, turn.request.codexClient, reply);
    if (turn.stream) {
      const encoder = new ChatCompletionsStreamEncoder(shown);
      const writer = this.writers.create(reply, () => encoder.keepAlive());
      return await this.executor.run(turn.request, new StreamSink(encoder, writer, headers), signal, request.id);
    }
    const sink = new FoldSink(new ChatCompletionsFold(shown), this.writers.createJson(reply), { headers, failure: chatErrorBody });
    await this.executor.run(turn.request, sink, signal, request.id);
  }
}
