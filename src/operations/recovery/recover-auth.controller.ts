import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIdentified, OperatorGuard } from '../../access/operator.guard.js';
import { SseWriters } from '../../inbound/sse-writers.service.js';
import { readJson } from '../read-input.js';
import { readRecoverRequest } from './recover-request.js';
import { RecoverAuth } from './recover-auth.service.js';
import { withoutAddresses } from './without-addresses.js';

/** `POST /recover-auth` renews the tokens of one account, of those of a file, or of all that are out of service, and says what came of each. */
@Controller('recover-auth')
@UseGuards(OperatorGuard)
export class RecoverAuthController {
  constructor(
    private readonly service: RecoverAuth,
    private readonly writers: SseWriters,
  ) {}

  @Post()
  @HttpCode(200)
  async recover(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const wanted = readRecoverRequest(readJson(body));
    const answer = this.writers.createJson(reply);
    answer.watch(() => ({ 'cache-control': 'no-store' }));
    try {
      const results = await this.service.run(wanted);
      const shown = isIdentified(request) ? results : results.map(withoutAddresses);
      const count = (name: string): number => results.filter(({ result }) => result === name).length;
      const counts = { recovered: count('recovered'), failed: count('failed'), skipped: count('skipped') };
      answer.end(JSON.stringify({ ...counts, accounts: shown }));
    } catch (error) {
      answer.giveUp();
      throw error;
    }
  }
}
