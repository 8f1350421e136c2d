import { Clock } from '../common/clock.js';
import { BackendState } from './backend-state.js';
import { Exchange } from './exchange.js';
import { JsonObject } from './json.js';
import { catalogueEntry, etagOf, visibleModels } from './model-catalogue.js';
import { creditsOf, secondsLeft } from './rate-limit-headers.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { SandboxWindow } from './sandbox-quota.js';
import { isFault, scenarioSteps } from './scenario-registry.js';
import { Turn } from './turn.js';

interface AccountCall {
  readonly exchange: Exchange;
  readonly account: SandboxAccountState;
  readonly state: BackendState;
  readonly clock: Clock;
}

/** `GET /backend-api/codex/models?client_version=…` */
export async function serveModels(call: AccountCall): Promise<void> {
  if (await faulty(call, 'models')) return;
  const { exchange, account } = call;
  const models = visibleModels(account.plan, account.models, exchange.record.query.client_version ?? null);
  const etag = etagOf(models);
  if (exchange.record.headers['if-none-match'] === etag) return exchange.refuse({ status: 304, body: '' }, { etag });
  return exchange.refuse({ status: 200, body: { models: models.map(catalogueEntry) } }, { etag });
}

/** `GET /backend-api/wham/usage` */
export async function serveUsage(call: AccountCall): Promise<void> {
  if (await faulty(call, 'usage')) return;
  const { account, clock, exchange } = call;
  const now = clock.now();
  const reached = account.quota.exhausted(now) !== null;
  const { identity, quota, plan } = account;
  const body = {
    user_id: identity.userId,
    account_id: identity.accountId,
    email: identity.email,
    plan_type: plan,
    rate_limit: {
      allowed: !reached,
      limit_reached: reached,
      primary_window: windowOf(quota.primary, now),
      secondary_window: windowOf(quota.secondary, now),
    },
    code_review_rate_limit: null,
    additional_rate_limits: null,
    credits: { ...creditsOf(quota), overage_limit_reached: false, approx_local_messages: [0, 0], approx_cloud_messages: [0, 0] },
    spend_control: { reached: false, individual_limit: null },
    rate_limit_reached_type: reached ? { type: 'rate_limit_reached' } : null,
    rate_limit_reset_credits: { available_count: 0 },
    promo: null,
    referral_beacon: null,
  };
  return exchange.refuse({ status: 200, body });
}

const windowOf = (window: SandboxWindow | null, now: number): JsonObject | null =>
  window && {
    used_percent: Math.round(window.usedPercent),
    limit_window_seconds: window.windowMinutes * 60,
    reset_after_seconds: secondsLeft(window, now),
    reset_at: window.resetAtSec,
  };

/** Plays the fault that is due on this endpoint, if any. */
async function faulty({ exchange, account, state, clock }: AccountCall, endpoint: 'models' | 'usage'): Promise<boolean> {
  const plan = state.board.take(endpoint, account.key);
  if (!plan) return false;
  if (plan.kind === 'steps') {
    await exchange.play(plan.steps);
    return true;
  }
  if (!isFault(plan.spec)) return false;
  exchange.record.scenario = plan.spec.source;
  const facts = {
    number: 0,
    request: {},
    createdAtSec: 0,
    userId: account.identity.userId,
    inputTokens: 0,
    cachedTokens: 0,
    seal: () => '',
  };
  const context = { params: plan.spec.params, turn: new Turn(facts), request: {}, prompt: '', account, nowMs: clock.now() };
  await exchange.play(scenarioSteps(plan.spec, context));
  return true;
}
