import type { ByteString } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { openAiError, openAiErrorFrame } from '../shared/openai-error.js';

/** Upstream's field → the client's. A field inside `input` or `instructions` came from some message: which one is not known. */
const FIELDS: readonly [upstream: RegExp, client: string][] = [
  [/^(?:input|instructions)(?:[.[].*)?$/, 'messages'],
  [/^text\.verbosity$/, 'verbosity'],
  [/^text\.format\.(schema|name|strict|description)/, 'response_format.json_schema.$1'],
  [/^text(?:\.format)?$/, 'response_format'],
  [/^text\.format(?=[.[])/, 'response_format'],
  [/^reasoning(?:\.effort)?$/, 'reasoning_effort'],
  [/^max_output_tokens$/, 'max_completion_tokens'],
  [/^tools(\[\d+\]|\.\d+)\.(name|description|parameters|strict)/, 'tools$1.function.$2'],
];

const clientField = (param: string): string => {
  const row = FIELDS.find(([upstream]) => upstream.test(param));
  return row ? param.replace(row[0], row[1]) : param;
};

/** An error of upstream names upstream's fields; a caller of Chat Completions knows only its own. Errors of our own already do. */
export function inChatTerms(error: GatewayError): GatewayError {
  const { kind, detail, message, cause } = error;
  if (kind !== 'rejected' || detail.param === undefined) return error;
  return new GatewayError(kind, message, { ...detail, param: clientField(detail.param) }, cause);
}

/** A failure of a JSON answer whose status has gone out. */
export const chatErrorBody = (error: GatewayError): JsonObject => openAiError(inChatTerms(error)).body;

/** A failure of a stream that has begun. Nothing follows, `[DONE]` neither. */
export const chatErrorFrame = (error: GatewayError): ByteString => openAiErrorFrame(inChatTerms(error));
