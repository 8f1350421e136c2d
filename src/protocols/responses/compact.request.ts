import type { IncomingHttpHeaders } from 'node:http';
import { invalidRequest } from '../../common/gateway-error.js';
import type { CodexBody, CodexRequest } from '../../executor/codex-request.js';
import type { ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { isCodexClient, LITE_HEADER, shortKey } from '../shared/client-identity.js';
import { conversationHash, identityOf } from '../shared/conversation.js';
import { booleanAt, missing, stringAt } from '../shared/field-readers.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { normaliseInput } from '../shared/responses-request/input-items.js';
import {
  dropRefused,
  readModel,
  readReasoning,
  readServiceTier,
  readText,
  refuseStatefulFields,
} from '../shared/responses-request/request-fields.js';
import { isLite, readInstructions, readTools } from '../shared/responses-request/responses-request.js';

const READ = new Set(
  (
    'model input instructions stream store background conversation prompt previous_response_id reasoning reasoning_effort text ' +
    'response_format tools parallel_tool_calls prompt_cache_key service_tier top_logprobs'
  ).split(' '),
);

/**
 * `POST /v1/responses/compact`: the history goes up once and comes back shortened, as one JSON document.
 * `compactModel`: the operator's model for it; empty: the client's. Pure.
 */
export function decodeCompact(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel, compactModel: string): CodexRequest {
  const ignored = new IgnoredFields();
  if (booleanAt(body.stream, 'stream')) throw invalidRequest('Compaction answers with one JSON document; it cannot be streamed.', 'stream');
  refuseStatefulFields(body);
  const model = readModel(compactModel ? { ...body, model: compactModel } : body, resolve);
  const instructions = readInstructions(body);
  const normalised = normaliseInput(body.input, isCodexClient(headers), ignored);
  if (normalised.items.length === 0) throw missing('input');
  const lite = isLite(headers, normalised);
  const { input, tools, hasTools } = readTools(body, normalised, lite);
  const reasoning = readReasoning(body, model, ignored);
  const text = readText(body, model, ignored);
  const parallel = booleanAt(body.parallel_tool_calls, 'parallel_tool_calls');
  const tier = readServiceTier(body, model, ignored);
  const cacheKey = stringAt(body.prompt_cache_key, 'prompt_cache_key') || undefined;
  const identity = identityOf(headers, cacheKey, conversationHash(instructions, input));
  const codexBody: CodexBody = {
    model: model.slug,
    instructions,
    input,
    ...(tools && { tools }),
    ...(parallel !== undefined && hasTools && { parallel_tool_calls: parallel }),
    ...(reasoning && { reasoning }),
    ...(text && { text }),
    ...(cacheKey && { prompt_cache_key: shortKey(cacheKey) }),
    ...(tier && { service_tier: tier }),
  };
  dropRefused(body, READ, ignored);
  return {
    operation: 'compact',
    body: codexBody,
    ...identity,
    identityHeaders: lite ? { ...identity.identityHeaders, [LITE_HEADER]: 'true' } : identity.identityHeaders,
    // The reasoning in the history can be read only where it was made: quota is no reason to leave.
    turnStart: false,
    compactions: normalised.compactions,
    ignored: ignored.list(),
  };
}
