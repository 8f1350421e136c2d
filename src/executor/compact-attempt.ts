import { Injectable } from '@nestjs/common';
import { AccountCounters } from '../accounts/counters/account-counters.service.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { classifyFailure, classifyStreamError } from '../upstream/classify.js';
import type { Outcome } from '../upstream/outcome.js';
import { usageOf } from '../upstream/token-usage.js';
import type { JsonObject } from '../upstream/upstream-event.js';
import { UpstreamFailure } from '../upstream/upstream-failure.js';
import type { UpstreamResponse } from '../upstream/upstream-types.js';
import { rememberCompactions } from './compaction-owners.js';
import type { Turn } from './turn.js';
import { UpstreamCalls } from './upstream-calls.service.js';

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The JSON answer of a compaction, verbatim. */
export interface CompactAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Fields and parameters that were left out. */
  readonly ignored: readonly string[];
}

/** One unary compaction on one account. */
@Injectable()
export class CompactAttempt {
  constructor(
    private readonly calls: UpstreamCalls,
    private readonly effects: AccountEffects,
    private readonly clock: Clock,
    private readonly counters: AccountCounters,
  ) {}

  /** The answer, or the outcome that stands for it; never throws for what upstream does. */
  async run(turn: Turn, lease: AccountLease, signal: Cancellation): Promise<{ outcome: Outcome; answer?: CompactAnswer }> {
    try {
      const response = await this.calls.open(turn, lease, 'compact', signal);
      if (response.status !== 200) return { outcome: await this.calls.refusal(response, signal) };
      return await this.#read(turn, response, lease);
    } catch (error) {
      if (error instanceof UpstreamFailure) return { outcome: classifyFailure(error) };
      throw error;
    }
  }

  async #read(turn: Turn, response: UpstreamResponse, lease: AccountLease): Promise<{ outcome: Outcome; answer?: CompactAnswer }> {
    const body = await response.body.text(MAX_ANSWER_BYTES);
    const json = parse(body);
    if (json === null)
      return { outcome: { kind: 'server_error', status: 502, code: null, message: 'upstream answered the compaction without JSON' } };
    if (!Array.isArray(json.output)) return { outcome: classifyStreamError(json, response.headers, this.clock.now()) };
    this.counters.spent(lease.account.id, usageOf(json));
    rememberCompactions(this.effects, json.output, lease.account.id);
    return { outcome: { kind: 'ok' }, answer: { headers: response.headers, body, ignored: turn.ignored() } };
  }
}

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
