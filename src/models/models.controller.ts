import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Headers, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiKeyGuard } from '../access/api-key.guard.js';
import { wantsAnthropicShape } from './caller-shape.js';
import { ModelDirectory } from './model-directory.service.js';
import { anthropicModel, anthropicPage, openAiModel, PageQuery } from './model-list.js';

interface Request {
  readonly id: string;
}

interface Reply {
  header(name: string, value: string): unknown;
}

const PATHS = ['v1/models', 'models', 'v1/v1/models', 'backend-api/codex/models'];

/** The model list in the shape of whoever asks: OpenAI, Anthropic, or the catalogue of official Codex clients (`client_version`). */
@Controller(PATHS)
@UseGuards(ApiKeyGuard)
export class ModelsController {
  constructor(private readonly directory: ModelDirectory) {}

  @Get()
  async list(
    @Headers() headers: IncomingHttpHeaders,
    @Query() query: PageQuery & { client_version?: string },
    @Req() request: Request,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<object> {
    if (query.client_version !== undefined) {
      const { body, etag } = await this.directory.catalogueBody();
      if (etag) reply.header('etag', etag);
      return body;
    }
    const models = await this.directory.list();
    if (!wantsAnthropicShape(headers)) return { object: 'list', data: models.map(openAiModel) };
    reply.header('request-id', request.id);
    return anthropicPage(models, query);
  }

  /** Ids may hold slashes, escaped or not. */
  @Get('*')
  async get(
    @Headers() headers: IncomingHttpHeaders,
    @Param('*') id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<object> {
    const model = await this.directory.get(id);
    if (!wantsAnthropicShape(headers)) return openAiModel(model);
    reply.header('request-id', request.id);
    return anthropicModel(model);
  }
}
