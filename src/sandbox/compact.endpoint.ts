import { objectsOf } from './json.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { checkCompact } from './request.check.js';
import { ModelCall, checkedCall, newTurn } from './responses.endpoint.js';
import { isFault, scenarioSteps } from './scenario-registry.js';
import { countedId } from './made-up.js';
import { Turn } from './turn.js';

/** `POST /backend-api/codex/responses/compact`: unary; keeps the user's messages and adds one opaque item. */
export async function serveCompact(call: ModelCall): Promise<void> {
  const { exchange, account, request, state, clock } = call;
  const refusal = checkCompact(checkedCall(call));
  if (refusal) return exchange.refuse(refusal);
  const plan = state.board.take('compact', account.key);
  if (plan?.kind === 'steps') return exchange.play(plan.steps);
  const turn = newTurn(call);
  state.turnCount++;
  if (plan && isFault(plan.spec)) {
    exchange.record.scenario = plan.spec.source;
    const context = { params: plan.spec.params, turn, request, prompt: '', account, nowMs: clock.now() };
    return exchange.play(scenarioSteps(plan.spec, context));
  }
  account.counts.turns++;
  account.quota.countTurn();
  const headers = rateLimitHeaders(account.quota, account.plan, clock.now());
  return exchange.refuse({ status: 200, body: compacted(turn) }, headers);
}

function compacted(turn: Turn): unknown {
  const { number, request, createdAtSec, inputTokens, seal } = turn.facts;
  const id = countedId('cmp', number, 'item');
  const kept = objectsOf(request.input).filter((item) => item.role === 'user');
  const outputTokens = 128;
  return {
    id: countedId('resp', number, 'compact'),
    object: 'response.compaction',
    created_at: createdAtSec,
    output: [
      ...kept.map((item) => ({ type: 'message', role: 'user', content: item.content })),
      { type: 'compaction', id, encrypted_content: seal(id, 48) },
    ],
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
  };
}
