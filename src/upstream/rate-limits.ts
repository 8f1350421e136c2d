import type { AdditionalLimit, QuotaSnapshot, QuotaWindow } from './quota-snapshot.js';
import { windowReset } from './reset-instant.js';
import type { JsonObject } from './upstream-event.js';

type Headers = Readonly<Record<string, string | undefined>>;
type Credits = QuotaSnapshot['credits'];

/** The limit that counts for every model without a family of its own. */
export const DEFAULT_FAMILY = 'codex';
/** They are kept for every account. */
const MAX_ADDITIONAL = 16;

/**
 * The usage windows of a limit family in the `x-<family>-primary-*` and `-secondary-*` headers of an answer; null where there
 * are none. `primary` and `secondary` say nothing about the length of a window: only its minutes do.
 */
export function rateLimitsOfHeaders(headers: Headers, now: number, family: string = DEFAULT_FAMILY): QuotaSnapshot | null {
  const prefix = `x-${family.replaceAll('_', '-')}`;
  const primary = headers[`${prefix}-primary-used-percent`];
  const secondary = headers[`${prefix}-secondary-used-percent`];
  if (primary === undefined && secondary === undefined) return null;
  const windows = [windowOfHeaders(headers, `${prefix}-primary`, now), windowOfHeaders(headers, `${prefix}-secondary`, now)].filter(
    (window) => window !== null,
  );
  if (windows.length === 0) return null;
  return { windows, plan: text(headers['x-codex-plan-type']), credits: creditsOfHeaders(headers), at: now };
}

/** The family whose limit this answer was counted against (`codex_bengalfox`); null for the default one or where nothing is said. */
export function activeFamily(headers: Headers): string | null {
  const family = headers['x-codex-active-limit']?.trim();
  return !family || family === DEFAULT_FAMILY ? null : family;
}

/** A `codex.rate_limits` event; null if it speaks of another family or holds no window. */
export function rateLimitsOfEvent(event: JsonObject, now: number): QuotaSnapshot | null {
  const family = text(event.metered_limit_name) ?? text(event.limit_id) ?? text(event.limit_name) ?? DEFAULT_FAMILY;
  if (family !== DEFAULT_FAMILY) return null;
  const limits = object(event.rate_limits);
  const windows = windowsOf([limits?.primary, limits?.secondary], now);
  if (windows.length === 0) return null;
  return { windows, plan: text(event.plan_type), credits: creditsOf(object(event.credits) ?? object(limits?.credits)), at: now };
}

/** When the last of the full windows in the headers of a refusal starts anew; null where they do not say it. */
export function fullWindowReset(headers: Headers, now: number, family: string | null): number | null {
  const windows = rateLimitsOfHeaders(headers, now, family ?? DEFAULT_FAMILY)?.windows ?? [];
  const resets = windows.filter(({ usedPercent, resetsAt }) => usedPercent >= 100 && resetsAt > now).map(({ resetsAt }) => resetsAt);
  return resets.length === 0 ? null : Math.max(...resets);
}

/** The answer of the usage endpoint; null if it is none. An account without limits has no windows. */
export function rateLimitsOfUsage(usage: unknown, now: number): QuotaSnapshot | null {
  const body = object(usage);
  if (body === null || !('rate_limit' in body || 'plan_type' in body)) return null;
  const limit = object(body.rate_limit);
  const overspent = flag(object(body.spend_control)?.reached) === true;
  return {
    windows: windowsOf([limit?.primary_window, limit?.secondary_window], now),
    plan: text(body.plan_type),
    credits: creditsOf(object(body.credits)),
    at: now,
    usage: { at: now, allowed: overspent ? false : allowedOf(limit), limits: additionalLimits(body.additional_rate_limits, now) },
  };
}

function additionalLimits(list: unknown, now: number): AdditionalLimit[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, MAX_ADDITIONAL).flatMap((entry) => {
    const item = object(entry);
    const limit = object(item?.rate_limit);
    const family = text(item?.metered_feature) ?? text(item?.limit_name);
    if (item === null || limit === null || family === null) return [];
    const windows = windowsOf([limit.primary_window, limit.secondary_window], now);
    return [{ family, name: text(item.limit_name), model: text(item.normal_model_slug), allowed: allowedOf(limit), windows }];
  });
}

/** Null where nothing is said, or both: a limit that is reached while turns are allowed is one that credits pay for. */
function allowedOf(limit: JsonObject | null): boolean | null {
  const allowed = flag(limit?.allowed);
  const reached = flag(limit?.limit_reached);
  if (allowed === false) return false;
  if (reached === null) return allowed;
  if (reached) return allowed === null ? false : null;
  return true;
}

function windowOfHeaders(headers: Headers, prefix: string, now: number): QuotaWindow | null {
  return makeWindow(
    number(headers[`${prefix}-used-percent`]),
    number(headers[`${prefix}-window-minutes`]),
    number(headers[`${prefix}-reset-at`]),
    number(headers[`${prefix}-reset-after-seconds`]),
    now,
  );
}

function windowsOf(slots: readonly unknown[], now: number): QuotaWindow[] {
  return slots
    .map((slot) => {
      const window = object(slot);
      if (window === null) return null;
      const seconds = number(window.limit_window_seconds);
      const minutes = number(window.window_minutes) ?? (seconds === null ? null : seconds / 60);
      return makeWindow(
        number(window.used_percent),
        minutes,
        number(window.reset_at) ?? number(window.resets_at),
        number(window.reset_after_seconds),
        now,
      );
    })
    .filter((window) => window !== null);
}

/** A percentage of 0 with neither length nor reset is a placeholder, not a window. */
function makeWindow(
  percent: number | null,
  minutes: number | null,
  resetAtSeconds: number | null,
  resetAfterSeconds: number | null,
  now: number,
): QuotaWindow | null {
  if (percent === null) return null;
  const length = minutes !== null && minutes > 0 ? Math.ceil(minutes) : 0;
  const resetsAt = windowReset(resetAtSeconds, resetAfterSeconds, now);
  if (percent === 0 && length === 0 && resetsAt === 0) return null;
  return { usedPercent: Math.min(Math.max(percent, 0), 100), minutes: length, resetsAt };
}

function creditsOfHeaders(headers: Headers): Credits {
  const has = flag(headers['x-codex-credits-has-credits']);
  if (has === null) return null;
  return { has, unlimited: flag(headers['x-codex-credits-unlimited']) ?? false, balance: text(headers['x-codex-credits-balance']) };
}

function creditsOf(credits: JsonObject | null): Credits {
  const has = flag(credits?.has_credits);
  if (credits === null || has === null) return null;
  const { balance } = credits;
  return { has, unlimited: flag(credits.unlimited) ?? false, balance: text(typeof balance === 'number' ? String(balance) : balance) };
}

const object = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);

function number(value: unknown): number | null {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : null;
}

/** `True`, `true`, `1` and JSON booleans. */
function flag(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return null;
  if (/^(?:true|1)$/i.test(value)) return true;
  return /^(?:false|0)$/i.test(value) ? false : null;
}
