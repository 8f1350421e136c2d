import { Clock } from '../common/clock.js';
import { CiphertextMint } from './ciphertext.js';
import { SandboxAccount, createSandboxAccount } from './sandbox-account.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { AccountRef, SandboxAccounts } from './sandbox-accounts.js';
import { Endpoint, RawChunk, RawOptions, ScenarioBoard, rawSteps } from './scenario-board.js';
import { resolveScenario } from './scenario-registry.js';
import { resolveTokenScenario } from './token-scenarios.js';

export interface ScenarioTarget {
  /** Default `responses`. */
  readonly endpoint?: Endpoint;
  /** Default: every account. */
  readonly account?: AccountRef;
}

/** What tests and the sandbox command turn: accounts, scenarios, switches. Changes hold from the next request on. */
export class BackendState {
  readonly accounts = new SandboxAccounts();
  readonly board = new ScenarioBoard();
  /** What answers a prompt without a marker. */
  defaultScenario: string;
  /** Prompts that get a tool turn if the request declares tools; null: only those with a marker. */
  toolTurn: RegExp | null = null;
  /** Status of `refresh_token_reused`; both have been seen. */
  reusedStatus: 400 | 401 = 401;
  /** Every model name is served. */
  anyModel = false;
  /** Prompts longer than the model's window are refused (`context_length_exceeded`). */
  enforceContextWindow = true;
  readonly mint: CiphertextMint;
  turnCount = 0;

  constructor(
    private readonly clock: Clock,
    seed: string,
    defaultScenario: string,
  ) {
    this.mint = new CiphertextMint(seed);
    this.defaultScenario = resolveScenario(defaultScenario).source;
  }

  /** Adds an account: a made-up one by number, or one of `createSandboxAccount`. */
  addAccount(account: number | SandboxAccount): SandboxAccountState {
    const now = this.clock.now();
    return this.accounts.add(typeof account === 'number' ? createSandboxAccount(account, { now }) : account, now);
  }

  account(ref: AccountRef): SandboxAccountState {
    return this.accounts.find(ref);
  }

  /** The account with its newest tokens, as a file would hold them. */
  current(ref: AccountRef): SandboxAccount {
    const { identity, tokens } = this.account(ref);
    return { ...identity, ...tokens };
  }

  /** Uses the account's window up: it answers 429 `usage_limit_reached` until the reset. */
  exhaust(ref: AccountRef, resetsInSec = 3_600): void {
    this.account(ref).quota.exhaust(this.clock.now(), resetsInSec);
  }

  /** Signs the account's user in anew: a fresh family of tokens. */
  signIn(ref: AccountRef): SandboxAccount {
    return this.accounts.signIn(ref, this.clock.now());
  }

  /** Answers the next `times` matching requests so; before anything else that is set. Throws on a name that does not exist. */
  next(scenario: string, { endpoint = 'responses', account, times = 1 }: ScenarioTarget & { readonly times?: number } = {}): void {
    this.board.enqueue(endpoint, this.#key(account), { kind: 'scenario', spec: this.#resolve(endpoint, scenario) }, times);
  }

  /** Answers the next `times` matching requests with exactly these bytes. */
  nextRaw(
    chunks: string | Buffer | readonly RawChunk[],
    { endpoint = 'responses', account, times = 1, ...options }: ScenarioTarget & RawOptions & { readonly times?: number } = {},
  ): void {
    const list = typeof chunks === 'string' || Buffer.isBuffer(chunks) ? [chunks] : chunks;
    this.board.enqueue(endpoint, this.#key(account), { kind: 'steps', steps: rawSteps(list, options) }, times);
  }

  /** Answers every matching request so, until it is changed; null ends it. Wins over markers in prompts. */
  always(scenario: string | null, { endpoint = 'responses', account }: ScenarioTarget = {}): void {
    this.board.hold(endpoint, this.#key(account), scenario === null ? null : this.#resolve(endpoint, scenario));
  }

  /** Forgets every queued and standing scenario. */
  calm(): void {
    this.board.clear();
  }

  #key(ref: AccountRef | undefined): string | null {
    return ref === undefined ? null : this.account(ref).key;
  }

  #resolve(endpoint: Endpoint, source: string): ReturnType<typeof resolveScenario> {
    return endpoint === 'token' ? resolveTokenScenario(source) : resolveScenario(source);
  }
}
