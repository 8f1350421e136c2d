import { JsonObject } from './json.js';
import { SandboxQuota, SandboxWindow } from './sandbox-quota.js';

type Headers = Record<string, string>;

/** `True` / `False`, as the backend writes them. */
const flag = (value: boolean): string => (value ? 'True' : 'False');

export function windowHeaders(family: string, slot: 'primary' | 'secondary', window: SandboxWindow, nowMs: number): Headers {
  const prefix = `x-${family.replaceAll('_', '-')}-${slot}`;
  return {
    [`${prefix}-used-percent`]: String(Math.round(window.usedPercent * 10) / 10),
    [`${prefix}-window-minutes`]: String(window.windowMinutes),
    [`${prefix}-reset-after-seconds`]: String(secondsLeft(window, nowMs)),
    [`${prefix}-reset-at`]: String(window.resetAtSec),
  };
}

/** The `x-codex-*` family that stands on every 200 and on quota 429s. */
export function rateLimitHeaders(quota: SandboxQuota, plan: string, nowMs: number, family = 'codex'): Headers {
  return {
    'x-codex-active-limit': family,
    'x-codex-plan-type': plan,
    ...(quota.primary ? windowHeaders('codex', 'primary', quota.primary, nowMs) : {}),
    ...(quota.secondary ? windowHeaders('codex', 'secondary', quota.secondary, nowMs) : {}),
    'x-codex-credits-has-credits': flag(quota.credits.hasCredits),
    'x-codex-credits-unlimited': flag(quota.credits.unlimited),
    'x-codex-credits-balance': quota.credits.hasCredits ? quota.credits.balance : '',
  };
}

/** The `codex.rate_limits` event with the same figures. */
export function rateLimitEvent(quota: SandboxQuota, plan: string): JsonObject {
  const window = (entry: SandboxWindow | null): JsonObject | null =>
    entry && { used_percent: entry.usedPercent, window_minutes: entry.windowMinutes, reset_at: entry.resetAtSec };
  return {
    type: 'codex.rate_limits',
    plan_type: plan,
    rate_limits: { primary: window(quota.primary), secondary: window(quota.secondary) },
    credits: creditsOf(quota),
    metered_limit_name: 'codex',
    limit_name: null,
    code_review_rate_limits: null,
  };
}

export const creditsOf = ({ credits }: SandboxQuota): JsonObject => ({
  has_credits: credits.hasCredits,
  unlimited: credits.unlimited,
  balance: credits.balance,
});

export const secondsLeft = (window: SandboxWindow, nowMs: number): number => Math.max(0, window.resetAtSec - Math.floor(nowMs / 1000));
