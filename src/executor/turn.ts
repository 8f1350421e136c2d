import { stringifyJson } from '../common/stringify-json.js';
import type { LeaseQuery } from '../accounts/pool/account-pool.service.js';
import { accountScope } from './account-scope.js';
import type { CodexBody, CodexRequest } from './codex-request.js';
import type { FailedOutcome } from './final-answer.js';
import { isRemovable, ofOtherScopes, without, withoutParameters, withoutReasoning } from './request-variant.js';

/** How many accounts a turn may pass over because their token cannot be renewed now; none of these costs an attempt. */
const MAX_TOKEN_SKIPS = 16;

/** What one request has been through so far. Lives as long as its loop. */
export class Turn {
  readonly tried = new Set<string>();
  readonly outcomes: FailedOutcome[] = [];
  /** Accounts whose token was renewed by force because of a 401 in this turn. */
  readonly renewed = new Set<string>();
  /** Accounts whose token was looked after in this turn: a renewed token that ends soon as well is used all the same. */
  readonly freshened = new Set<string>();
  readonly leftOut = new Set<string>();
  reasoningLeftOut = false;
  /** Whether this turn has waited for the quota of an account: it does so once. */
  lookedAtQuota = false;
  empties = 0;
  #sawOutput = false;
  #lastChanceMs: number | null = null;
  #attempts = 0;
  #skips = 0;
  #deferred: string | null = null;
  #mayDefer = true;
  #payload: string | null = null;
  #payloadScope: string | null = null;

  constructor(
    readonly request: CodexRequest,
    readonly requestId: string,
    readonly startedAt: number,
    private maxAttempts: number,
    /** Epoch ms after which no new attempt starts; Infinity without a budget. */
    private readonly deadline: number,
    /** The account a compaction binds this request to. */
    readonly pinned: string | undefined,
    refused: readonly string[],
  ) {
    for (const parameter of refused) if (isRemovable(request.body, parameter)) this.leftOut.add(parameter);
  }

  get attempts(): number {
    return this.#attempts;
  }

  get attemptsLeft(): number {
    return this.maxAttempts - this.#attempts;
  }

  /** Whether an attempt has brought output; the client need not have seen it. */
  get sawOutput(): boolean {
    return this.#sawOutput;
  }

  /** Accounts that were passed over for want of a token. */
  get skips(): number {
    return this.#skips;
  }

  /** Whether one more `POST` may go out. */
  mayAttempt(now: number): boolean {
    return this.attemptsLeft > 0 && (this.#attempts === 0 || now < this.deadline);
  }

  /** In which the next attempt, the last one then, has to bring output; null: no such limit. */
  get lastChanceMs(): number | null {
    return this.#lastChanceMs;
  }

  lastChance(ms: number): void {
    this.#lastChanceMs = ms;
    this.maxAttempts = Math.min(this.maxAttempts, this.#attempts + 1);
  }

  countAttempt(): number {
    this.#deferred = null;
    return ++this.#attempts;
  }

  /** False once so many accounts had no usable token that the request should answer rather than go on looking. */
  skip(accountId: string): boolean {
    this.tried.add(accountId);
    return ++this.#skips < MAX_TOKEN_SKIPS;
  }

  /** Others go first until the next attempt; true for one account of a turn. */
  defer(accountId: string): boolean {
    if (!this.#mayDefer) return false;
    this.#mayDefer = false;
    this.#deferred = accountId;
    return true;
  }

  get isDeferring(): boolean {
    return this.#deferred !== null;
  }

  /** There is nobody else: false if nobody was deferred. */
  reconsider(): boolean {
    const deferred = this.#deferred !== null;
    this.#deferred = null;
    return deferred;
  }

  query(sameAs?: string): LeaseQuery {
    const { request } = this;
    return {
      model: request.body.model,
      affinity: request.affinity,
      turnStart: request.turnStart,
      tried: this.#deferred === null ? this.tried : new Set([...this.tried, this.#deferred]),
      pinned: this.pinned,
      sameAs,
    };
  }

  /** The body to send to an account, as JSON; made once and again only when something has to be left out. */
  payload(accountId: string): string {
    const { scoped } = this.request;
    if (scoped && scoped.size > 0) {
      const scope = accountScope(accountId);
      if (scope !== this.#payloadScope) this.#payload = null;
      this.#payloadScope = scope;
    }
    return (this.#payload ??= stringifyJson(this.#variant()));
  }

  /** Hardly any turn is repeated after this: a payload of megabytes is not kept for the minutes that its answer takes. */
  noteOutput(): void {
    this.#sawOutput = true;
    this.#payload = null;
  }

  leaveOutReasoning(): void {
    this.reasoningLeftOut = true;
    this.#payload = null;
  }

  leaveOut(parameter: string): void {
    this.leftOut.add(parameter);
    this.#payload = null;
  }

  ignored(): readonly string[] {
    if (this.leftOut.size === 0) return this.request.ignored;
    // Instructions that were refused for being empty were never the client's.
    return [...this.request.ignored, ...[...this.leftOut].filter((parameter) => parameter !== 'instructions')];
  }

  #variant(): CodexBody {
    const { body } = this.request;
    const reasoned = this.reasoningLeftOut ? withoutReasoning(body) : this.#readable(body);
    return this.leftOut.size > 0 ? withoutParameters(reasoned, this.leftOut) : reasoned;
  }

  /** Reasoning that only another account can read is left out before it is refused. */
  #readable(body: CodexBody): CodexBody {
    const { scoped } = this.request;
    if (!scoped || this.#payloadScope === null) return body;
    const foreign = ofOtherScopes(scoped, this.#payloadScope);
    return foreign.size === 0 ? body : without(body, foreign);
  }
}
