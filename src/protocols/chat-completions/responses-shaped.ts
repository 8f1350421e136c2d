import type { IncomingHttpHeaders } from 'node:http';
import type { CodexBody } from '../../executor/codex-request.js';
import type { ResolvedModel, ResolveModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { isObject } from '../shared/json-body.js';
import { repairPairing } from '../shared/pairing.js';
import { readResponsesRequest } from '../shared/responses-request/responses-request.js';
import { ToolNames } from '../shared/tool-names.js';
import type { ChatCompletionsTurn } from './chat-completions-reply.js';
import { readIncludeUsage, readStops, refuseUnavailable, wantsNoReasoning } from './request-fields.js';

/** Chat's own members of such a body: they are read here, or have their place in the Responses shape. */
const CHAT_ONLY = new Set(
  'messages stream_options stop n logprobs modalities audio verbosity textVerbosity reasoningEffort reasoning_summary reasoningSummary'.split(
    ' ',
  ),
);

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** Chat's spellings where the Responses shape has them; what stands there already wins. */
function inResponsesShape(body: JsonObject): JsonObject {
  const shaped: JsonObject = {};
  for (const name in body) if (!CHAT_ONLY.has(name)) shaped[name] = body[name];
  const verbosity = body.verbosity ?? body.textVerbosity;
  if (verbosity != null && asObject(body.text).verbosity == null && (body.text == null || isObject(body.text))) {
    shaped.text = { ...asObject(body.text), verbosity };
  }
  if (body.reasoning_effort == null && body.reasoningEffort != null) shaped.reasoning_effort = body.reasoningEffort;
  const summary = body.reasoning_summary ?? body.reasoningSummary;
  if (summary != null && asObject(body.reasoning).summary == null && (body.reasoning == null || isObject(body.reasoning))) {
    shaped.reasoning = { ...asObject(body.reasoning), summary };
  }
  return shaped;
}

/** A Chat answer tells reasoning unless the client does not want it. `asked`: the request in the Responses shape. */
function withSummary(body: CodexBody, asked: JsonObject, model: ResolvedModel): CodexBody {
  const { summary, generate_summary: older } = asObject(asked.reasoning);
  if (!model.supportsSummary || summary != null || older != null || wantsNoReasoning(model)) return body;
  return { ...body, reasoning: { ...asObject(body.reasoning), summary: 'auto' } };
}

/** A Responses request on the Chat route: read as what it is, answered in the Chat shape. */
export function decodeResponsesShaped(body: JsonObject, headers: IncomingHttpHeaders, resolve: ResolveModel): ChatCompletionsTurn {
  const ignored = new IgnoredFields();
  refuseUnavailable(body, ignored);
  const includeUsage = readIncludeUsage(body, ignored);
  const stops = readStops(body);
  const shaped = inResponsesShape(body);
  const { request, stream, model } = readResponsesRequest(shaped, headers, resolve);
  for (const name of request.ignored) ignored.add(name);
  const read = withSummary(request.body, shaped, model);
  return {
    request: { ...request, body: { ...read, input: repairPairing(read.input) }, ignored: ignored.list() },
    stream,
    reply: { model: model.requested, includeUsage, legacyFunctions: false, names: new ToolNames(), stops },
    repairs: [],
  };
}
