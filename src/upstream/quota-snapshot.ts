/** One usage window of an account. `usedPercent` 0-100; `minutes` its length (300 = 5 h, 10080 = week), 0 unknown; `resetsAt` epoch ms, 0 unknown. */
export interface QuotaWindow {
  readonly usedPercent: number;
  readonly minutes: number;
  readonly resetsAt: number;
}

/** What an answer or the usage endpoint said of an account's default limit family. Windows are told apart by `minutes`, never by their slot. */
export interface QuotaSnapshot {
  readonly windows: readonly QuotaWindow[];
  readonly plan: string | null;
  readonly credits: { readonly has: boolean; readonly unlimited: boolean; readonly balance: string | null } | null;
  /** Epoch ms of the observation. */
  readonly at: number;
}
