import type { IncomingHttpHeaders } from 'node:http';
import type { CodexRequest } from '../../executor/codex-request.js';
import type { ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { readResponsesRequest } from '../shared/responses-request/responses-request.js';
import type { ResponsesReply } from './responses-reply.js';

/** A decoded request: what goes to the executor, and what the encoder has to know. */
export interface ResponsesTurn {
  readonly request: CodexRequest;
  readonly stream: boolean;
  readonly reply: Omit<ResponsesReply, 'fallbackId' | 'createdAt'>;
}

/** `POST /v1/responses`. Pure; throws `GatewayError` with the member's path as `param`. */
export function decodeResponses(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel): ResponsesTurn {
  const { request, stream, model, echo, asked } = readResponsesRequest(body, headers, resolve);
  return { request, stream, reply: { model: model.requested, slug: model.slug, codexClient: request.codexClient, echo, asked } };
}
