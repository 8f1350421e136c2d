import type { AddressInfo } from 'node:net';
import {
  ArgumentsHost,
  Body,
  Catch,
  Controller,
  ExceptionFilter,
  Get,
  HttpCode,
  HttpException,
  Module,
  Post,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessModule } from '../../src/access/access.module.js';
import { ApiKeyGuard } from '../../src/access/api-key.guard.js';
import { configureApp, createAdapter } from '../../src/app.setup.js';
import type { Cancellation } from '../../src/common/cancellation.js';
import { GatewayError } from '../../src/common/gateway-error.js';
import { createLogger } from '../../src/common/pino-logger.js';
import { SseWriter } from '../../src/common/sse-writer.js';
import { ConfigurationModule } from '../../src/config/config.module.js';
import { configFrom } from '../../src/config/load-config.js';
import { ConsoleModule } from '../../src/console/console.module.js';
import { clientSignal } from '../../src/inbound/client-signal.js';
import { InboundModule } from '../../src/inbound/inbound.module.js';
import { SseWriters } from '../../src/inbound/sse-writers.service.js';

const STATUS: Partial<Record<string, number>> = { invalid_request: 400, invalid_api_key: 401, too_large: 413, client_closed: 499 };

@Catch()
class ErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const status =
      error instanceof GatewayError
        ? (error.detail.status ?? STATUS[error.kind] ?? 500)
        : error instanceof HttpException
          ? error.getStatus()
          : 500;
    void reply.code(status).send({ error: { message: (error as Error).message, code: error instanceof GatewayError ? error.kind : null } });
  }
}

/** What tests see of the requests that arrived. */
export class Seen {
  writers: SseWriter[] = [];
  signals: Cancellation[] = [];
  #wake: (() => void) | null = null;

  arrived(): void {
    this.#wake?.();
  }

  async stream(index: number): Promise<{ writer: SseWriter; signal: Cancellation }> {
    while (this.writers.length <= index) await new Promise<void>((resolve) => (this.#wake = resolve));
    return { writer: this.writers[index]!, signal: this.signals[index]! };
  }
}

@Controller('v1')
class EchoController {
  constructor(
    private readonly sse: SseWriters,
    private readonly seen: Seen,
  ) {}

  @Post('echo')
  @HttpCode(200)
  @UseGuards(ApiKeyGuard)
  echo(@Body() body: Buffer | undefined, @Req() request: FastifyRequest): unknown {
    return { bytes: body?.length ?? null, text: body?.subarray(0, 20).toString(), http: request.raw.httpVersion };
  }

  @Post('stream')
  @HttpCode(200)
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Body() _body: Buffer): Promise<void> {
    const signal = clientSignal(request, reply);
    this.seen.signals.push(signal);
    this.seen.writers.push(this.sse.create(reply, () => ': keep-alive\n\n'));
    this.seen.arrived();
    await new Promise<void>((resolve) => reply.raw.once('close', resolve));
  }

  @Get('responses')
  upgrade(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    void reply.code(426).send({ upgrade: request.headers.upgrade ?? null });
  }
}

export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly seen: Seen;
  /** Log records. */
  readonly lines: Record<string, unknown>[];
}

/** A program with nothing but the inbound side, on a free port. @param keys configuration by kebab-case key */
export const startApp = async (keys: Record<string, unknown> = {}): Promise<TestApp> => {
  const seen = new Seen();
  const { config } = configFrom(Object.entries(keys).map(([key, value]) => ({ key, value, where: 'test' })));

  @Module({
    imports: [ConfigurationModule.forRoot(config), InboundModule, AccessModule, ConsoleModule],
    controllers: [EchoController],
    providers: [{ provide: Seen, useValue: seen }],
  })
  class TestModule {}

  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(
    { level: 'info', format: 'json' },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const app = await NestFactory.create<NestFastifyApplication>(TestModule, createAdapter(config), { bodyParser: false, logger });
  app.useGlobalFilters(new ErrorFilter());
  configureApp(app, config, logger);
  await app.listen(0, '127.0.0.1');
  return { app, port: (app.getHttpServer().address() as AddressInfo).port, seen, lines };
};
