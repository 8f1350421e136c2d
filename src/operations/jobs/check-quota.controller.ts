import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperatorGuard } from '../../access/operator.guard.js';
import { type Input, readFlag, readJson } from '../read-input.js';
import { JobAnswers } from './job-answers.service.js';
import { JobBoard } from './job-board.service.js';
import { JobRequests } from './job-requests.js';
import { QuotaCheckPlan } from './quota-check-plan.service.js';

/** `POST /check-quota` asks for the quota of all accounts, `?force=true` also where it is known; `GET /check-quota?job=ID` shows how far it is. */
@Controller('check-quota')
@UseGuards(OperatorGuard)
export class CheckQuotaController {
  readonly #requests: JobRequests;

  constructor(
    board: JobBoard,
    answers: JobAnswers,
    private readonly plan: QuotaCheckPlan,
  ) {
    this.#requests = new JobRequests(board, answers, 'check-quota');
  }

  @Post()
  @HttpCode(200)
  begin(@Query() query: Input, @Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const input = { ...readJson(body), ...query };
    const force = readFlag(input, 'force', false);
    return this.#requests.post(input, () => this.plan.make(force), request, reply);
  }

  @Get()
  show(@Query() query: Input, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#requests.get(query, request, reply);
  }
}
