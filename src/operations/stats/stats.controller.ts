import { Controller, Get, Header, Query, Req, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isIdentified, NeedsRole, OperatorGuard } from '../../access/operator.guard.js';
import { type Input, readCount, readFlag, readText } from '../read-input.js';
import { StatsService } from './stats.service.js';

const PAGE_SIZE = { fallback: 100, max: 1_000 };
const MAX_PAGE = 1_000_000;

/** `GET /stats?page=1&page_size=100&q=…&include_quota=true`: every account with its state, the reason, counts and quota. */
@Controller('stats')
@UseGuards(OperatorGuard)
@NeedsRole('viewer')
export class StatsController {
  constructor(private readonly service: StatsService) {}

  @Get()
  @Header('cache-control', 'no-store')
  stats(@Query() query: Input, @Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    return this.service.stats({
      page: readCount(query, 'page', { fallback: 1, max: MAX_PAGE }),
      pageSize: readCount(query, 'page_size', PAGE_SIZE),
      q: readText(query, 'q') ?? '',
      includeQuota: readFlag(query, 'include_quota', true),
      emails: isIdentified(request),
    });
  }
}
