import { Injectable } from '@nestjs/common';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { classifyAnswer } from '../upstream/classify.js';
import type { Outcome } from '../upstream/outcome.js';
import { refusalText } from '../upstream/refusal-text.js';
import { UpstreamClient } from '../upstream/upstream.client.js';
import { UpstreamHeaders } from '../upstream/upstream-headers.js';
import type { UpstreamResponse } from '../upstream/upstream-types.js';
import { QuotaHeaders } from './quota-headers.js';
import { TurnStates } from './turn-states.js';
import type { Turn } from './turn.js';

export type Operation = 'responses' | 'compact';

/** The `POST` of an attempt: its address, headers and timeouts, and what its answer's headers say about the account. */
@Injectable()
export class UpstreamCalls {
  readonly #quota = new QuotaHeaders();
  readonly #urls: Readonly<Record<Operation, URL>>;

  constructor(
    private readonly config: Config,
    private readonly client: UpstreamClient,
    private readonly effects: AccountEffects,
    private readonly turnStates: TurnStates,
    private readonly headers: UpstreamHeaders,
    private readonly clock: Clock,
  ) {
    this.#urls = { responses: new URL(`${config.baseUrl}/responses`), compact: new URL(`${config.baseUrl}/responses/compact`) };
  }

  /** Sends the turn with the lease's account. Resolves at the answer's headers, whatever their status; rejects with `UpstreamFailure`. */
  async open(turn: Turn, lease: AccountLease, operation: Operation, signal: Cancellation): Promise<UpstreamResponse> {
    const { account } = lease;
    const { identityHeaders, sessionId, body } = turn.request;
    const cacheKey = body.prompt_cache_key;
    const turnState = identityHeaders['x-codex-turn-state'];
    const response = await this.client.open({
      url: this.#urls[operation],
      method: 'POST',
      headers: this.headers.forTurn(
        { accessToken: lease.accessToken, chatgptAccountId: account.chatgptAccountId, fedramp: account.fedramp },
        {
          // The backend finds a cached prompt by the session, and by the key alone only now and then; official clients send one id as both.
          sessionId: sessionId || (typeof cacheKey === 'string' ? cacheKey : ''),
          identityHeaders,
          turnState: turnState !== undefined && this.turnStates.issuer(turnState) === account.id ? turnState : undefined,
          compact: operation === 'compact',
        },
      ),
      body: turn.payload(account.id),
      signal,
      isTurn: operation === 'responses',
      totalTimeoutMs: operation === 'compact' ? this.config.compactTimeoutSec * 1000 : undefined,
    });
    this.#learn(response, lease);
    return response;
  }

  /** What a status other than 200 means; reads the error body, as far as it comes. Rejects with `UpstreamFailure` only if `signal` is aborted. */
  async refusal(response: UpstreamResponse, signal: Cancellation): Promise<Outcome> {
    const text = await refusalText(response.body, signal);
    return classifyAnswer(response.status, response.headers, text, this.clock.now());
  }

  mayRepeatEmpty(turn: Turn): boolean {
    return turn.empties < this.config.emptyRetryMax;
  }

  #learn({ headers }: UpstreamResponse, { account, leasedAt }: AccountLease): void {
    const snapshot = this.#quota.read(account, headers, this.clock.now());
    if (snapshot) this.effects.observeQuota(account.id, snapshot, leasedAt);
    const turnState = headers['x-codex-turn-state'];
    if (turnState !== undefined) this.turnStates.remember(turnState, account.id);
  }
}
