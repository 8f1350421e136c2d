/** One usage window of an account. `usedPercent` 0-100; `minutes` its length (300 = 5 h, 10080 = week), 0 unknown; `resetsAt` epoch ms, 0 unknown. */
export interface QuotaWindow {
  readonly usedPercent: number;
  readonly minutes: number;
  readonly resetsAt: number;
}

/** A limit beside the account's default one, as the usage endpoint lists it. */
export interface AdditionalLimit {
  /** Limit family (`codex_bengalfox`). */
  readonly family: string;
  /** Display name. */
  readonly name: string | null;
  /** The model it is for, where it is for one. */
  readonly model: string | null;
  readonly allowed: boolean | null;
  readonly windows: readonly QuotaWindow[];
}

/** What only the usage endpoint tells. */
export interface UsageFacts {
  /** Epoch ms of its answer. */
  readonly at: number;
  /** Whether turns on the default limit are admitted, in its own words; null where it does not say. */
  readonly allowed: boolean | null;
  readonly limits: readonly AdditionalLimit[];
}

/** What an answer or the usage endpoint said of an account's default limit family. Windows are told apart by `minutes`, never by their slot. */
export interface QuotaSnapshot {
  readonly windows: readonly QuotaWindow[];
  readonly plan: string | null;
  readonly credits: { readonly has: boolean; readonly unlimited: boolean; readonly balance: string | null } | null;
  /** Epoch ms of the observation. */
  readonly at: number;
  /** The last answer of the usage endpoint, which may be older than the windows; its `at` is `at` where this reading is that answer. */
  readonly usage?: UsageFacts;
}
