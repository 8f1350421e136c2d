import type { ErrorKind, GatewayError } from '../../common/gateway-error.js';
import { openAiCode } from '../shared/openai-error.js';

/** Failures of the way to the model: typed clients know one code for all of them. */
const TRANSPORT: ReadonlySet<ErrorKind> = new Set([
  'upstream_auth',
  'upstream_forbidden',
  'upstream_error',
  'unreachable',
  'timeout',
  'truncated',
  'no_account',
  'internal',
  'client_closed',
]);

/** A failure as `response.error` shows it inside a stream whose status is already sent. */
export const inBandError = (error: GatewayError, codexClient: boolean): { code: string; message: string } => ({
  code: TRANSPORT.has(error.kind) ? 'server_error' : (openAiCode(error, codexClient) ?? 'invalid_prompt'),
  message: error.message,
});
