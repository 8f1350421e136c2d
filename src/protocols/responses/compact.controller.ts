import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyGuard } from '../../access/api-key.guard.js';
import { Config } from '../../config/config.js';
import { Executor } from '../../executor/executor.service.js';
import { clientSignal } from '../../inbound/client-signal.js';
import { ModelResolver } from '../../models/model-resolver.service.js';
import { openAiHeaders } from '../shared/answer-headers.js';
import { parseJsonBody } from '../shared/json-body.js';
import { decodeCompact } from './compact.request.js';

const PATHS = ['v1/responses/compact', 'responses/compact', 'v1/v1/responses/compact', 'backend-api/codex/responses/compact'];

/** `POST /v1/responses/compact`: one JSON document in, one out, passed on as it is. */
@Controller(PATHS)
@UseGuards(ApiKeyGuard)
export class CompactController {
  constructor(
    private readonly executor: Executor,
    private readonly models: ModelResolver,
    private readonly config: Config,
  ) {}

  @Post()
  @HttpCode(200)
  async compact(@Body() body: Buffer, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const codexRequest = decodeCompact(parseJsonBody(body), request.headers, this.models.resolve, this.config.compactModel);
    const answer = await this.executor.compact(codexRequest, clientSignal(request, reply), request.id);
    const head = { upstreamHeaders: answer.headers, ignored: answer.ignored };
    const headers = openAiHeaders(head, codexRequest.codexClient, reply);
    void reply.headers(headers).type('application/json; charset=utf-8').send(answer.body);
  }
}
