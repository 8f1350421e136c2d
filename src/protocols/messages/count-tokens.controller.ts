import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { anthropicHeaders } from '../shared/answer-headers.js';
import { parseJsonBody } from '../shared/json-body.js';
import { TokenCounter } from '../shared/token-count/token-counter.service.js';
import { decodeCountTokens } from './messages.request.js';

/** `POST /v1/messages/count_tokens`: counted here, without a call to the backend. Clients take the number as it is, so it is never 0. */
@Controller(['v1/messages/count_tokens', 'messages/count_tokens', 'v1/v1/messages/count_tokens'])
@UseGuards(ApiKeyGuard)
export class CountTokensController {
  constructor(
    private readonly counter: TokenCounter,
    private readonly models: ModelResolver,
  ) {}

  @Post()
  @HttpCode(200)
  async count(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const codexBody = decodeCountTokens(parseJsonBody(body), request.headers, this.models.resolve);
    const tokens = await this.counter.count(codexBody, clientSignal(request, reply));
    void reply.headers(anthropicHeaders({ ignored: [] }, request.id)).send({ input_tokens: tokens });
  }
}
