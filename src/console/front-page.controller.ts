import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ABOUT, FRONT_PAGE } from './front-page.js';

const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";

/** What this is, for people and for clients that look before they speak. `HEAD` of both routes answers 200 as well. */
@Controller()
export class FrontPageController {
  @Get()
  @Header('content-security-policy', CONTENT_POLICY)
  index(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const accept = request.headers.accept ?? '';
    const json = accept.includes('application/json') && !accept.includes('text/html');
    void reply.header('vary', 'accept').type(json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8');
    void reply.send(json ? JSON.stringify(ABOUT) : FRONT_PAGE);
  }

  /** Some clients ask this to see whether a base URL is alive. */
  @Get('api/hello')
  hello(): { message: string } {
    return { message: 'hello' };
  }
}
