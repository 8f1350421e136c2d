import { PUBLIC_EVENTS } from '../../upstream/public-events.js';
import { isTerminal, JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import { codeForClient } from '../shared/openai-error.js';
import type { EventOutput } from './event-output.js';
import { ItemEvents } from './item-events.js';
import { OutputSlot } from './output-slot.js';
import { OutputSlots } from './output-slots.js';
import { SNAPSHOT_EVENTS } from './event-kinds.js';
import { finalOutput, finalResponse, openSnapshot, placeOf } from './response-object.js';
import type { ResponsesReply } from './responses-reply.js';
import { readTurnEnd, TurnEnd } from './terminal-event.js';

/**
 * One turn in the Responses dialect: takes upstream's events, passes them on with the structure they left out, and keeps
 * what is needed to tell the whole Response at the end. Both the stream and the JSON answer are read from it, so they
 * cannot differ. Pure and synchronous.
 */
export class ResponsesTranscript {
  /** The final Response; null until the turn has ended. */
  final: JsonObject | null = null;
  readonly #slots: OutputSlots;
  readonly #items: ItemEvents;
  /** The latest snapshot; null until the first event of the response has been told. */
  #base: JsonObject | null = null;
  #id = '';
  #told = new Set<string>();

  constructor(
    private readonly reply: ResponsesReply,
    private readonly out: EventOutput,
    retainBytes?: number,
  ) {
    this.#slots = new OutputSlots(retainBytes);
    this.#items = new ItemEvents(this.#slots, out);
  }

  get responseId(): string {
    return this.#id || this.reply.fallbackId;
  }

  /** `preambleSent`: the client has the first snapshots already; they are not told again and their id stays. */
  restart(preambleSent: boolean): void {
    this.final = null;
    this.#slots.clear();
    if (preambleSent) return;
    this.#base = null;
    this.#id = '';
    this.#told.clear();
  }

  /** Takes one event; after the end, nothing. */
  accept(event: UpstreamEvent): void {
    if (this.final !== null || this.#continuesRun(event)) return;
    if (isTerminal(event)) return this.#end(event);
    if (SNAPSHOT_EVENTS.has(event.type)) return this.#snapshot(event);
    if (!PUBLIC_EVENTS.has(event.type)) {
      if (this.reply.codexClient && event.type !== '') this.out.pass(event, true);
      return;
    }
    this.#begin({});
    this.#items.accept(event);
  }

  /** Takes a delta that continues the run of the last one; false: it has to be accepted as any other event. */
  #continuesRun(event: UpstreamEvent): boolean {
    if (event.delta === null || !this.#slots.continueRun(event.type, event.delta, event.size)) return false;
    this.out.pass(event, false);
    return true;
  }

  /** Ends the turn with a failure of our own. */
  fail(error: { code: string; message: string }): void {
    if (this.final === null) this.#finish(null, { status: 'failed', response: {}, usage: null, error });
  }

  #snapshot(event: UpstreamEvent): void {
    const given = isObject(event.json.response) ? event.json.response : {};
    if (event.type !== 'response.created') this.#begin(given);
    if (this.#told.has(event.type)) return;
    this.#told.add(event.type);
    this.#name(given);
    const response = openSnapshot(this.#base ? { ...this.#base, ...given } : given, this.responseId, this.reply);
    const changed = this.#base !== null ? !sameMembers(response, given) : response !== given;
    this.#base = response;
    if (changed) this.out.rewrite({ ...event.json, response }, true);
    else this.out.pass(event, true);
  }

  /** The first event is always `response.created`. */
  #begin(known: JsonObject): void {
    if (this.#told.has('response.created')) return;
    this.#told.add('response.created');
    this.#name(known);
    // Once told, an id stays.
    this.#id = this.responseId;
    this.#base = openSnapshot({ ...known, status: 'in_progress', output: [] }, this.responseId, this.reply);
    this.out.insert({ type: 'response.created', response: this.#base }, true);
  }

  #name(response: JsonObject): void {
    if (this.#id === '' && typeof response.id === 'string') this.#id = response.id;
  }

  #end(event: UpstreamEvent): void {
    const end = readTurnEnd(event);
    this.#name(end.response);
    this.#begin({});
    if (end.status !== 'failed') this.#closeItems(end);
    this.#finish(event, end);
  }

  /** Items that only the last event names are told, and those that never ended are ended. */
  #closeItems({ response, status }: TurnEnd): void {
    const listed = Array.isArray(response.output) ? (response.output as unknown[]) : [];
    const taken = new Set<number>();
    for (const slot of this.#slots.sorted()) {
      const at = placeOf(slot, listed, taken);
      if (at >= 0) taken.add(at);
      if (!slot.closed)
        this.#closeSlot(slot, at >= 0 ? (listed[at] as JsonObject) : null, status === 'completed' ? 'completed' : 'incomplete');
    }
    listed.forEach((item, i) => {
      if (taken.has(i) || !isObject(item)) return;
      const index = this.#slots.get(i) ? this.#slots.sorted().at(-1)!.index + 1 : i;
      this.#items.tellWhole(new OutputSlot(index), item);
    });
  }

  #closeSlot(slot: OutputSlot, listed: JsonObject | null, status: 'completed' | 'incomplete'): void {
    if (listed) slot.learn(listed);
    const item = listed ?? slot.finished(status, this.responseId);
    if (item) this.#items.close(slot, item);
  }

  #finish(event: UpstreamEvent | null, { status, response, usage, error }: TurnEnd): void {
    this.#begin({});
    const id = this.responseId;
    const output = finalOutput(response.output, this.#slots.sorted(), status, id);
    const told = error && { ...error, code: codeForClient(error.code, this.reply.codexClient) };
    const same = isObject(response.error) && told && sameMembers(told, { code: response.error.code, message: response.error.message });
    const shown = same ? response.error : told;
    this.final = finalResponse(response, this.#base!, { status, id, output, usage, error: shown }, this.reply);
    const type = `response.${status}`;
    if (event === null) this.out.insert({ type, response: this.final }, false);
    else if (this.final === response && event.type === type) this.out.pass(event, false);
    else this.out.rewrite({ ...aroundResponse(event), type, response: this.final }, false);
    this.#slots.clear();
  }
}

/** Whether `b` has every member of `a`, with the same value. */
const sameMembers = (a: JsonObject, b: JsonObject): boolean => Object.keys(a).every((name) => a[name] === b[name]);

/** The members of a terminal event beside its response; what an `error` event has stands in the response. */
const aroundResponse = ({ type, json }: UpstreamEvent): JsonObject =>
  type.startsWith('response.') ? json : { type, ...(json.sequence_number !== undefined && { sequence_number: json.sequence_number }) };
