/** One usage window of a made-up account. */
export interface SandboxWindow {
  /** 0-100; 100 makes the backend answer 429 `usage_limit_reached` until `resetAtSec`. */
  usedPercent: number;
  windowMinutes: number;
  /** Unix seconds. */
  resetAtSec: number;
}

/** Usage of one account: rises by a fixed step with every answered turn, starts again at its reset. Every field may be set by a test. */
export class SandboxQuota {
  primary: SandboxWindow | null;
  secondary: SandboxWindow | null;
  perTurnPercent = 0.1;
  /** Where the steps stop. Below 100 an account never runs out by itself. */
  capPercent = 99;
  credits = { hasCredits: false, unlimited: false, balance: '0' };

  constructor(nowMs: number) {
    const now = Math.floor(nowMs / 1000);
    this.primary = { usedPercent: 1, windowMinutes: 300, resetAtSec: now + 18_000 };
    this.secondary = { usedPercent: 1, windowMinutes: 10_080, resetAtSec: now + 604_800 };
  }

  get windows(): SandboxWindow[] {
    return [this.primary, this.secondary].filter((window) => window !== null);
  }

  /** Uses the first window (or the only one) up, for `resetsInSec` seconds. */
  exhaust(nowMs: number, resetsInSec = 3_600): void {
    const window = this.primary ?? this.secondary;
    if (!window) return;
    window.usedPercent = 100;
    window.resetAtSec = Math.floor(nowMs / 1000) + resetsInSec;
  }

  countTurn(): void {
    for (const window of this.windows) {
      if (window.usedPercent >= this.capPercent) continue;
      window.usedPercent = Math.min(this.capPercent, Math.round((window.usedPercent + this.perTurnPercent) * 1000) / 1000);
    }
  }

  /** The window that refuses further turns now, if any. */
  exhausted(nowMs: number): SandboxWindow | null {
    this.#roll(nowMs);
    return this.windows.find((window) => window.usedPercent >= 100) ?? null;
  }

  #roll(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    for (const window of this.windows) {
      if (now < window.resetAtSec) continue;
      window.usedPercent = 0;
      window.resetAtSec = now + window.windowMinutes * 60;
    }
  }
}
