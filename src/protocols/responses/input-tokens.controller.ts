import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { openAiHeaders } from '../shared/answer-headers.js';
import { parseJsonBody } from '../shared/json-body.js';
import { TokenCounter } from '../shared/token-count/token-counter.service.js';
import { decodeResponses } from './responses.request.js';

const PATHS = ['v1/responses', 'responses', 'v1/v1/responses', 'backend-api/codex/responses'].map((path) => `${path}/input_tokens`);

/** `POST /v1/responses/input_tokens`: the body of a response that is not to be made; counted here, without a call to the backend. */
@Controller(PATHS)
@UseGuards(ApiKeyGuard)
export class InputTokensController {
  constructor(
    private readonly counter: TokenCounter,
    private readonly models: ModelResolver,
  ) {}

  @Post()
  @HttpCode(200)
  async count(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const asked = parseJsonBody(body);
    // Instructions alone are a request too; without either the decoder refuses it.
    const { request: turn } = decodeResponses({ ...asked, input: asked.input ?? [] }, request.headers, this.models.resolve);
    const tokens = await this.counter.count(turn.body, clientSignal(request, reply));
    const headers = openAiHeaders({ upstreamHeaders: {}, ignored: turn.ignored }, turn.codexClient, reply);
    void reply.headers(headers).send({ object: 'response.input_tokens', input_tokens: tokens });
  }
}
