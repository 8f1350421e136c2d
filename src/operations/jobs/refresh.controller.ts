import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperatorGuard } from '../../access/operator.guard.js';
import { type Input, readFlag, readJson } from '../read-input.js';
import { JobAnswers } from './job-answers.service.js';
import { JobBoard } from './job-board.service.js';
import { JobRequests } from './job-requests.js';
import { RefreshPlan } from './refresh-plan.service.js';

/** `POST /refresh` renews the tokens of all accounts, `?due=true` of those whose end is near; `GET /refresh?job=ID` shows how far it is. */
@Controller('refresh')
@UseGuards(OperatorGuard)
export class RefreshController {
  readonly #requests: JobRequests;

  constructor(
    board: JobBoard,
    answers: JobAnswers,
    private readonly plan: RefreshPlan,
  ) {
    this.#requests = new JobRequests(board, answers, 'refresh');
  }

  @Post()
  @HttpCode(200)
  begin(@Query() query: Input, @Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const input = { ...readJson(body), ...query };
    const due = readFlag(input, 'due', false);
    return this.#requests.post(input, () => this.plan.make(due), request, reply);
  }

  @Get()
  show(@Query() query: Input, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#requests.get(query, request, reply);
  }
}
