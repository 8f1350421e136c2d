import { Injectable } from '@nestjs/common';
import { AccountCounters } from '../accounts/counters/account-counters.service.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import type { AccountLease } from '../accounts/pool/account-lease.js';
import type { Cancellation } from '../common/cancellation.js';
import { Clock } from '../common/clock.js';
import { answerDecoder } from '../upstream/answer-decoder.js';
import { classifyFailure, classifyStreamError } from '../upstream/classify.js';
import type { Outcome } from '../upstream/outcome.js';
import { rateLimitsOfEvent } from '../upstream/rate-limits.js';
import { usageOf } from '../upstream/token-usage.js';
import { isTerminal, terminalStatus, UpstreamEvent } from '../upstream/upstream-event.js';
import { UpstreamFailure } from '../upstream/upstream-failure.js';
import type { UpstreamResponse } from '../upstream/upstream-types.js';
import { AcceptedHead } from './accepted-head.js';
import { rememberCompactions } from './compaction-owners.js';
import type { HeaderHold } from './header-hold.js';
import { OutputDeadline } from './output-deadline.js';
import { OutputWatch } from './output-watch.js';
import { StreamOddities } from './stream-oddities.service.js';
import type { Turn } from './turn.js';
import type { TurnSink } from './turn-sink.js';
import { UpstreamCalls } from './upstream-calls.service.js';

/** How long a turn whose answer is complete waits for upstream's end, which tells the usage. */
const USAGE_PATIENCE_MS = 10_000;
const STILL_SILENT = 'the backend was silent for too long, on another account too';

/** One streamed turn on one account: from the request that goes out to the outcome; what the client saw is in the sink. */
@Injectable()
export class StreamAttempt {
  constructor(
    private readonly calls: UpstreamCalls,
    private readonly effects: AccountEffects,
    private readonly oddities: StreamOddities,
    private readonly clock: Clock,
    private readonly counters: AccountCounters,
  ) {}

  /** Never throws for what upstream does; `ok` means that the sink holds the whole turn. */
  async run(turn: Turn, lease: AccountLease, sink: TurnSink, hold: HeaderHold, signal: Cancellation): Promise<Outcome> {
    const deadline = turn.lastChanceMs === null ? null : new OutputDeadline(turn.lastChanceMs, signal);
    try {
      const response = await this.calls.open(turn, lease, 'responses', deadline?.signal ?? signal);
      if (response.status !== 200) return await this.calls.refusal(response, signal);
      sink.begin(new AcceptedHead(response.headers, turn.ignored(), lease.account.id));
      hold.accepted();
      const watch = new OutputWatch(() => {
        turn.noteOutput();
        deadline?.stop();
      });
      const outcome = await this.#relayOrEnough(turn, lease, response, watch, sink);
      if (outcome.kind !== 'ok') hold.refused();
      return outcome;
    } catch (error) {
      hold.refused();
      if (!(error instanceof UpstreamFailure)) throw error;
      return deadline?.isOver && !signal.aborted ? { kind: 'timeout', message: STILL_SILENT } : classifyFailure(error);
    } finally {
      deadline?.stop();
    }
  }

  /** Once the sink has all it needs, no failure of upstream spoils the answer any more. */
  async #relayOrEnough(turn: Turn, lease: AccountLease, response: UpstreamResponse, watch: OutputWatch, sink: TurnSink): Promise<Outcome> {
    try {
      const outcome = await this.#relay(turn, lease, response, watch, sink);
      return sink.satisfied ? { kind: 'ok' } : outcome;
    } catch (error) {
      if (sink.satisfied && error instanceof UpstreamFailure) return { kind: 'ok' };
      throw error;
    }
  }

  async #relay(turn: Turn, lease: AccountLease, response: UpstreamResponse, watch: OutputWatch, sink: TurnSink): Promise<Outcome> {
    const { body, headers } = response;
    const decoder = answerDecoder(headers['content-type']);
    let patience: NodeJS.Timeout | undefined;
    try {
      for (;;) {
        const chunk = await body.read();
        const events = chunk ? decoder.push(chunk) : decoder.end();
        const outcome = this.#deliver(turn, lease, headers, events, watch, sink);
        if (outcome) return outcome;
        if (chunk === null) return { kind: 'network', failure: 'truncated', message: 'upstream closed the stream before it finished' };
        if (sink.satisfied) patience ??= setTimeout(() => body.cancel(), USAGE_PATIENCE_MS);
        const drained = sink.drain();
        if (drained) await drained;
      }
    } finally {
      clearTimeout(patience);
      body.finish();
      this.oddities.malformed(decoder.malformed, turn.requestId);
    }
  }

  /** Hands the events of one chunk on; returns the outcome when the turn ended with them. */
  #deliver(
    turn: Turn,
    lease: AccountLease,
    headers: Readonly<Record<string, string>>,
    events: readonly UpstreamEvent[],
    watch: OutputWatch,
    sink: TurnSink,
  ): Outcome | null {
    const end = events.findIndex((event) => event.delta === null && this.#observe(event, lease));
    if (end < 0) {
      watch.see(events);
      if (events.length > 0) sink.accept(events);
      return null;
    }
    const terminal = events[end]!;
    this.counters.spent(lease.account.id, usageOf(terminal.json));
    const before = end === 0 ? [] : events.slice(0, end);
    watch.see(before);
    if (isFailure(terminal)) {
      if (before.length > 0) sink.accept(before);
      return classifyStreamError(terminal.json, headers, this.clock.now());
    }
    if (watch.isEmpty(terminal) && this.#mayRepeat(turn)) return { kind: 'empty' };
    sink.accept(end === events.length - 1 ? events : events.slice(0, end + 1));
    return { kind: 'ok' };
  }

  #mayRepeat(turn: Turn): boolean {
    return turn.mayAttempt(this.clock.now()) && this.calls.mayRepeatEmpty(turn);
  }

  /** Notes what an event says about the account; true for the terminal one. */
  #observe(event: UpstreamEvent, lease: AccountLease): boolean {
    this.oddities.see(event.type);
    if (event.type === 'codex.rate_limits') {
      const snapshot = rateLimitsOfEvent(event.json, this.clock.now());
      if (snapshot) this.effects.observeQuota(lease.account.id, snapshot, lease.leasedAt);
      return false;
    }
    if (event.type === 'response.output_item.done') this.#rememberCompaction(event, lease.account.id);
    return isTerminal(event);
  }

  #rememberCompaction(event: UpstreamEvent, accountId: string): void {
    if (!event.data.includes('compaction')) return;
    rememberCompactions(this.effects, [event.json.item], accountId);
  }
}

const isFailure = (terminal: UpstreamEvent): boolean => ['failed', 'cancelled'].includes(terminalStatus(terminal));
