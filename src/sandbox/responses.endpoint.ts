import { Clock } from '../common/clock.js';
import { BackendState } from './backend-state.js';
import { endsWithCompactionTrigger, lastUserText, openToolOutputs, promptTokens } from './conversation.js';
import { Exchange } from './exchange.js';
import { framingOf } from './framing.js';
import { JsonObject, textOf } from './json.js';
import { digest } from './made-up.js';
import { etagOf, visibleModels } from './model-catalogue.js';
import { rateLimitHeaders, secondsLeft } from './rate-limit-headers.js';
import { detail } from './refusal.js';
import { checkResponses } from './request.check.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { Plan } from './scenario-board.js';
import { isFault, resolveScenario, scenarioSteps } from './scenario-registry.js';
import { ScenarioSpec, markerOf } from './scenario-spec.js';
import { Turn } from './turn.js';
import { declaredTools } from './tool-pick.js';

/** One authenticated call with a JSON object as its body. */
export interface ModelCall {
  readonly exchange: Exchange;
  readonly account: SandboxAccountState;
  readonly request: JsonObject;
  readonly state: BackendState;
  readonly clock: Clock;
}

/** `POST /backend-api/codex/responses`: refuse what the backend refuses, then play the scenario that is due. */
export async function serveResponses(call: ModelCall): Promise<void> {
  const { exchange, account, request, state } = call;
  const refusal = checkResponses(checkedCall(call));
  if (refusal) return exchange.refuse(refusal);
  const { source, prompt } = markerOf(lastUserText(request.input));
  const plan = choose(call, source, prompt);
  if (typeof plan === 'string') return exchange.refuse(detail(400, plan));
  if (plan.kind === 'steps') return exchange.play(plan.steps, { headers: turnHeaders(call) });
  const { spec } = plan;
  exchange.record.scenario = spec.source;
  if (!isFault(spec)) {
    account.counts.turns++;
    account.quota.countTurn();
  }
  const context = { params: spec.params, turn: newTurn(call), request, prompt, account, nowMs: call.clock.now() };
  const steps = scenarioSteps(spec, context);
  state.turnCount++;
  return exchange.play(steps, {
    headers: isFault(spec) && /^\d/.test(spec.name) ? {} : turnHeaders(call),
    framing: framingOf(spec.params.text('framing', 'lf')),
    chunkBytes: spec.params.number('chunk', 0),
  });
}

export const checkedCall = ({ exchange, account, request, state }: ModelCall): Parameters<typeof checkResponses>[0] => ({
  request,
  headers: exchange.record.headers,
  plan: account.plan,
  ownModels: account.models,
  opens: (text) => state.mint.opens(account.identity.accountId, text),
  anyModel: state.anyModel,
  enforceContextWindow: state.enforceContextWindow,
});

/** Queued or standing scenario, used-up quota, marker in the prompt, tool turn, default; a text says what is wrong with the marker. */
function choose(call: ModelCall, marker: string | null, prompt: string): Plan | string {
  const { account, request, state, clock } = call;
  const plan = state.board.take('responses', account.key);
  if (plan) return plan;
  const window = account.quota.exhausted(clock.now());
  if (window) return scenario(`429,resets=${secondsLeft(window, clock.now())},window=${window.windowMinutes}`);
  if (endsWithCompactionTrigger(request.input)) return scenario('compaction');
  if (marker !== null) {
    const spec = tryResolve(marker);
    if (typeof spec === 'string') return spec;
    if (state.board.stillCounts(spec, prompt)) return { kind: 'scenario', spec };
  }
  const agent = state.toolTurn?.test(prompt) && declaredTools(request).length > 0 && openToolOutputs(request.input).length === 0;
  return scenario(agent ? 'tool-turn' : state.defaultScenario);
}

const scenario = (source: string): Plan => ({ kind: 'scenario', spec: resolveScenario(source) });

function tryResolve(source: string): ScenarioSpec | string {
  try {
    return resolveScenario(source);
  } catch (error) {
    return (error as Error).message;
  }
}

export function newTurn({ account, request, state, clock, exchange }: ModelCall): Turn {
  const inputTokens = promptTokens(request);
  const createdAtSec = Math.floor(clock.now() / 1000);
  const session = exchange.record.headers['session-id'] ?? exchange.record.headers.session_id;
  return new Turn({
    number: state.turnCount + 1,
    request,
    createdAtSec,
    userId: account.identity.userId,
    inputTokens,
    cachedTokens: account.cachedTokens(textOf(request.prompt_cache_key) || (session ?? ''), inputTokens),
    seal: (about, blocks) => state.mint.seal(account.identity.accountId, about, createdAtSec, blocks),
  });
}

/** Headers of an accepted turn. The turn state is bound to the account: one that comes back to another account is counted. */
export function turnHeaders({ account, exchange, request, clock, state }: ModelCall): Record<string, string> {
  const tag = digest('turn state', account.key).slice(0, 16);
  const given = exchange.record.headers['x-codex-turn-state'];
  if (given !== undefined && !given.startsWith(`ts_${tag}`)) account.counts.foreignTurnStates++;
  const models = visibleModels(account.plan, account.models, exchange.record.headers.version ?? null);
  return {
    'openai-model': textOf(request.model),
    'x-models-etag': etagOf(models),
    'x-reasoning-included': 'true',
    'x-codex-turn-state': `ts_${tag}_${state.turnCount}`,
    ...rateLimitHeaders(account.quota, account.plan, clock.now()),
  };
}
