import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { QuotaSnapshot } from '../upstream/quota-snapshot.js';
import { rateLimitsOfHeaders } from '../upstream/rate-limits.js';

/** The headers that change when the quota does. `reset-after` is left out: it counts down with the clock. */
const TELLING = [
  'x-codex-primary-used-percent',
  'x-codex-primary-reset-at',
  'x-codex-secondary-used-percent',
  'x-codex-secondary-reset-at',
  'x-codex-credits-balance',
] as const;
/** An unchanged reading is read again after so long, so that its age stays true. */
const READ_AGAIN_MS = 5000;

interface Reading {
  readonly values: readonly (string | undefined)[];
  readonly at: number;
}

/** Reads the quota from the headers of an answer, unless they say what they said a moment ago: most answers do. */
export class QuotaHeaders {
  readonly #last = new WeakMap<PoolAccount, Reading>();

  /** Null where there is nothing new. */
  read(account: PoolAccount, headers: Readonly<Record<string, string>>, now: number): QuotaSnapshot | null {
    const last = this.#last.get(account);
    if (last && now - last.at < READ_AGAIN_MS && TELLING.every((name, i) => headers[name] === last.values[i])) return null;
    this.#last.set(account, { values: TELLING.map((name) => headers[name]), at: now });
    return rateLimitsOfHeaders(headers, now);
  }
}
