import { detached } from '../../../common/byte-string.js';
import { type DeltaLiteral, isTerminal, type JsonObject, type UpstreamEvent } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import { ItemContent } from './item-content.js';
import { ItemEvents, type Run } from './item-events.js';
import { Retention } from './kept-text.js';
import { readEnd } from './read-end.js';
import { ReleaseQueue } from './release-queue.js';
import type { SlotKind, TurnListener } from './turn-listener.js';

const RETAIN_BYTES = 64 * 1024 * 1024;

export interface NormaliserOptions {
  /** Kinds the dialect shows. Nothing is told of the others, and they never hold a later item back. */
  readonly shows: ReadonlySet<SlotKind>;
  /** Makes the id of a call for which upstream has none. */
  readonly newCallId: () => string;
  /** Limit of what is kept for reconciliation; beyond it later authoritative copies of a text are ignored. */
  readonly retainBytes?: number;
}

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Upstream events → what they mean (`TurnListener`). One instance a turn; pure and synchronous. Malformed events are left out, never thrown. */
export class TurnNormaliser {
  readonly #retention: Retention;
  readonly #queue: ReleaseQueue;
  readonly #content: ItemContent;
  readonly #items: ItemEvents;
  #run: Run | null = null;
  #begun = false;
  #ended = false;
  #serviceTier: string | null = null;

  constructor(
    private readonly listener: TurnListener,
    { shows, newCallId, retainBytes }: NormaliserOptions,
  ) {
    this.#retention = new Retention(retainBytes ?? RETAIN_BYTES);
    this.#queue = new ReleaseQueue(listener, newCallId);
    this.#content = new ItemContent(this.#queue, this.#retention);
    this.#items = new ItemEvents(this.#queue, this.#content, this.#retention, shows);
  }

  /** Another attempt begins: everything is forgotten. */
  restart(): void {
    this.#retention.clear();
    this.#queue.clear();
    this.#content.clear();
    this.#items.clear();
    this.#run = null;
    this.#begun = this.#ended = false;
    this.#serviceTier = null;
  }

  accept(events: readonly UpstreamEvent[]): void {
    for (const event of events) {
      if (this.#ended) return;
      if (event.delta === null || !this.#continuesRun(event.type, event.delta)) this.#accept(event);
    }
  }

  /** Whether `end` has been told. */
  get ended(): boolean {
    return this.#ended;
  }

  /** `dropped`: events that belong to no item, or come after what they are part of is over. `contradictions`: texts that are not what their pieces said. */
  get faults(): { readonly dropped: number; readonly contradictions: number } {
    return { dropped: this.#items.dropped + this.#content.dropped, contradictions: this.#content.contradictions };
  }

  /** Takes a delta of the same text as the last one without looking anything up; false: it is of another. */
  #continuesRun(type: string, { outputIndex, part, literal }: DeltaLiteral): boolean {
    const run = this.#run;
    if (run === null || outputIndex !== run.outputIndex || part !== run.part || type !== run.type) return false;
    if (run.text === null || literal.length === 2) return true;
    const piece = detached(literal.slice(1, -1));
    run.text.add(piece, this.#retention);
    this.#queue.speak(run.item, run.channel.voice, run.rank, piece);
    return true;
  }

  /** Events that carry nothing for the listener are known by their type and not parsed. */
  #accept(event: UpstreamEvent): void {
    this.#run = null;
    const { type } = event;
    if (this.#items.concerns(type)) {
      this.#begin(null);
      this.#run = this.#items.accept(event);
    } else if (type === 'response.created' || type === 'response.in_progress' || type === 'response.queued') {
      if (!this.#begun) this.#begin(event.json.response);
    } else if (isTerminal(event)) {
      this.#end(event);
    }
  }

  #begin(given: unknown): void {
    if (this.#begun) return;
    this.#begun = true;
    const { id, created_at: createdAt, service_tier: tier }: JsonObject = isObject(given) ? given : {};
    this.#serviceTier = stringOf(tier) || null;
    this.listener.begin({
      responseId: stringOf(id),
      createdAt: typeof createdAt === 'number' && Number.isFinite(createdAt) ? createdAt : null,
      serviceTier: this.#serviceTier,
    });
  }

  /** What waits is told only where the turn ended well: a call that failed on its way must not look like one that may be made. */
  #end(event: UpstreamEvent): void {
    const { response, end } = readEnd(event);
    this.#begin(response);
    this.#ended = true;
    const fault = end.failure === null ? this.#items.close(response.output) : null;
    const tier = end.serviceTier ?? this.#serviceTier;
    if (fault === null) this.listener.end({ ...end, serviceTier: tier });
    else
      this.listener.end({ ...end, status: 'failed', incompleteReason: null, failure: { message: fault, code: null }, serviceTier: tier });
  }
}
