import { Injectable } from '@nestjs/common';
import type { PoolAccount } from '../accounts/pool/pool-account.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { classifyAnswer, classifyFailure } from '../upstream/classify.js';
import type { Outcome } from '../upstream/outcome.js';
import type { QuotaSnapshot } from '../upstream/quota-snapshot.js';
import { rateLimitsOfUsage } from '../upstream/rate-limits.js';
import { UpstreamClient } from '../upstream/upstream.client.js';
import { UpstreamFailure } from '../upstream/upstream-failure.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';

/** `snapshot` is there exactly when `outcome` is `ok`. */
export interface UsageReading {
  readonly outcome: Outcome;
  readonly snapshot: QuotaSnapshot | null;
  /** HTTP status; undefined where there was no answer. */
  readonly status?: number;
}

const MAX_BYTES = 256 * 1024;

/** Asks the backend's usage endpoint about an account: costs no tokens, and tells whether its login works. */
@Injectable()
export class UsageClient {
  readonly #url: URL;

  constructor(
    config: Config,
    private readonly client: UpstreamClient,
    private readonly headers: UpstreamHeaders,
    private readonly clock: Clock,
  ) {
    this.#url = new URL(config.usageUrl);
  }

  /** With the access token that the account has now. Never rejects; `aborted` when the signal was. */
  async read(account: PoolAccount, timeoutMs: number, signal?: Cancellation): Promise<UsageReading> {
    try {
      const headers = this.headers.forAccount(account);
      const {
        status,
        headers: answered,
        body,
      } = await this.client.open({ url: this.#url, method: 'GET', headers, signal, totalTimeoutMs: timeoutMs });
      const text = await body.text(MAX_BYTES);
      const snapshot = status === 200 ? rateLimitsOfUsage(parse(text), this.clock.now()) : null;
      if (snapshot) return { outcome: { kind: 'ok' }, snapshot, status };
      const unreadable: Outcome = { kind: 'server_error', status, code: null, message: 'the usage endpoint answered without usage' };
      return { outcome: status === 200 ? unreadable : classifyAnswer(status, answered, text, this.clock.now()), snapshot: null, status };
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      return { outcome: classifyFailure(error), snapshot: null };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
