import { GatewayError } from '../common/gateway-error.js';
import { MODELS_PATH } from '../models/models-path.js';
import { OPERATION_ROUTES } from '../operations/operation-routes.js';
import { dialectPath, type Dialect, type DialectRoute, type UnservedRoute } from './shared/dialect.js';

/** Paths that belong to no dialect. */
const COMMON: readonly DialectRoute[] = [
  { path: MODELS_PATH, allow: 'GET, HEAD' },
  { path: /^\/(?:health(?:\/(?:live|ready))?\/?|api\/hello\/?)?$/, allow: 'GET, HEAD' },
  ...OPERATION_ROUTES,
];

const OTHERS = [
  'embeddings',
  '(?:images|audio|fine_tuning|organization|chatkit|engines)(?:/.*)?',
  '(?:files|batches|assistants|threads|vector_stores|uploads|conversations|realtime|videos|containers|evals|skills)(?:/.*)?',
  'moderations',
  '(?:completions|edits|complete)',
];
/** Parts of the public APIs whose dialects are here, but not these. */
const UNSERVED: readonly UnservedRoute[] = [
  {
    path: dialectPath(OTHERS.join('|'), '(?:v1/){0,2}|backend-api/codex/'),
    why: 'Codex accounts cannot serve this endpoint; GET / lists what the gateway offers.',
  },
];

/** The value of `allow` for a path that exists; undefined for any other. */
export const allowedMethods = (path: string, dialects: readonly Dialect[]): string | undefined =>
  [...COMMON, ...dialects.flatMap(({ routes }) => routes)].find((route) => route.path.test(path))?.allow;

/** Why nobody answers `method` on `path`: the path takes another method, Codex accounts cannot serve it, or there is no such path. */
export function routeError(method: string, path: string, dialects: readonly Dialect[]): GatewayError {
  const shown = path.slice(0, 200);
  const allow = allowedMethods(path, dialects);
  if (allow !== undefined) return new GatewayError('method_not_allowed', `Use ${allow} for ${shown}, not ${method}.`);
  const unserved = [...dialects.flatMap((dialect) => dialect.unserved), ...UNSERVED].find((route) => route.path.test(path));
  if (unserved) return new GatewayError('not_found', unserved.why, { code: 'unsupported_endpoint' });
  return new GatewayError('not_found', `There is no route ${method} ${shown}.`);
}
