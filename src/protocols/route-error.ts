import { GatewayError } from '../common/gateway-error.js';

/** Paths that exist, but take nothing but POST. */
const POST_ONLY = /^\/(?:(?:v1\/){0,2}|backend-api\/codex\/)responses(?:\/compact)?\/?$/;
export const MODELS_PATH = /^\/(?:(?:v1\/){0,2}|backend-api\/codex\/)models(?:\/|$)/;
/** Paths that are only ever read. */
const GET_ONLY = /^\/(?:health(?:\/(?:live|ready))?\/?|api\/hello\/?)?$/;
/** Dialects that this version does not serve yet. */
const NOT_YET = /^\/(?:v1\/){0,2}(?:chat\/completions|messages(?:\/count_tokens)?)\/?$/;

/** The value of `allow` for a path that exists. */
export const allowedMethods = (path: string): string => (MODELS_PATH.test(path) || GET_ONLY.test(path) ? 'GET, HEAD' : 'POST');

/** Why nobody answers `method` on `path`: the path takes another method, its dialect is not in this version, or there is no such path. */
export function routeError(method: string, path: string): GatewayError {
  if (POST_ONLY.test(path) || MODELS_PATH.test(path) || GET_ONLY.test(path)) {
    return new GatewayError('method_not_allowed', `Use ${allowedMethods(path)} for ${path.slice(0, 200)}, not ${method}.`);
  }
  if (NOT_YET.test(path)) {
    return new GatewayError('not_found', `${path} is not in this version yet; use /v1/responses.`, { code: 'unsupported_endpoint' });
  }
  return new GatewayError('not_found', `There is no route ${method} ${path.slice(0, 200)}.`);
}
