import { Clock } from '../common/clock.js';
import { serveModels, serveUsage } from './account.endpoints.js';
import { BackendState } from './backend-state.js';
import { serveCompact } from './compact.endpoint.js';
import { authenticate } from './credentials.js';
import { Exchange } from './exchange.js';
import { JsonObject, isObject } from './json.js';
import { Refusal, detail } from './refusal.js';
import { UnreadableBody, readBody } from './request-body.js';
import { serveResponses } from './responses.endpoint.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { cloudflarePage } from './scenarios/errors.js';
import { serveToken } from './token.endpoint.js';

const CODEX = '/backend-api/codex';
const NOT_FOUND = detail(404, 'Not Found');

type Serve = (call: {
  exchange: Exchange;
  account: SandboxAccountState;
  request: JsonObject;
  state: BackendState;
  clock: Clock;
}) => Promise<void>;

/** Paths that need a credential. */
const ROUTES: Readonly<Record<string, Serve>> = {
  [`POST ${CODEX}/responses`]: serveResponses,
  [`POST ${CODEX}/responses/compact`]: serveCompact,
  [`GET ${CODEX}/models`]: serveModels,
  ['GET /backend-api/wham/usage']: serveUsage,
};

export async function route(exchange: Exchange, state: BackendState, clock: Clock): Promise<void> {
  const { method, path } = exchange.record;
  const body = await bodyOf(exchange);
  if (body instanceof UnreadableBody) return exchange.refuse(detail(400, body.message));
  if (method === 'POST' && path === '/oauth/token') return serveToken(exchange, body, state, clock);
  exchange.record.body = body;
  const serve = ROUTES[`${method} ${path}`];
  if (!serve) return exchange.refuse(unserved(exchange));
  const caller = authenticate(exchange.req.headers.authorization, exchange.record, state, clock.now());
  if ('refusal' in caller) return exchange.refuse(caller.refusal);
  if (method === 'POST' && !isObject(body)) return exchange.refuse(detail(400, 'Request body must be a JSON object'));
  return serve({ exchange, account: caller.account, request: isObject(body) ? body : {}, state, clock });
}

async function bodyOf(exchange: Exchange): Promise<unknown> {
  try {
    return await readBody(exchange.req);
  } catch (error) {
    if (error instanceof UnreadableBody) return error;
    throw error;
  }
}

/** The keep-alive ping, the WebSocket variant (not served), retrieval (behind a challenge), and everything else. */
function unserved({ record, req }: Exchange): Refusal {
  if (record.method === 'HEAD' && record.path === '/backend-api') return { status: 200, body: '' };
  if (record.path === `${CODEX}/responses` && req.headers.upgrade?.toLowerCase() === 'websocket') return detail(426, 'Upgrade Required');
  if (record.method === 'GET' && record.path.startsWith(`${CODEX}/responses/`)) return cloudflarePage(403);
  return NOT_FOUND;
}
