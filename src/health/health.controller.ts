import { Controller, Get, Header, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HealthService, type HealthSummary, type Readiness } from './health.service.js';

const NO_STORE = ['cache-control', 'no-store'] as const;

/** Open to everybody, for load balancers and orchestrators. */
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** Always 200: the summary says how it is. */
  @Get()
  @Header(...NO_STORE)
  summary(): Promise<HealthSummary> {
    return this.health.summary();
  }

  /** The process answers. A restart would not help anything else. */
  @Get('live')
  @Header(...NO_STORE)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when traffic may be sent here (`degraded`: with what is wrong all the same), else 503. */
  @Get('ready')
  @Header(...NO_STORE)
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.health.readiness();
    reply.code(readiness.status === 'error' ? 503 : 200);
    return readiness;
  }
}
