import type { UpstreamEvent } from './upstream-event.js';

/** Inside a string its quotes would be escaped. */
const NUMBER = /"sequence_number": ?([0-9]{1,15})\b/;

const numberOf = (event: UpstreamEvent): number | null => {
  const found = NUMBER.exec(event.data);
  return found === null ? null : Number(found[1]);
};

/** Other texts, as far as both were taken from their frames: the first delta of a form is not. */
const differ = (a: UpstreamEvent['delta'], b: UpstreamEvent['delta']): boolean => a !== null && b !== null && a.literal !== b.literal;

/** Cheapest first: it is asked of every event, and hardly any is the same as the last one. */
const isSame = (a: UpstreamEvent, b: UpstreamEvent): boolean =>
  a.size === b.size && a.type === b.type && !differ(a.delta, b.delta) && a.data === b.data;

/**
 * Notices events that come twice in a row, as they do where something on the way to the backend sends again what has arrived already. A delta
 * that is told twice would spoil a text, and the arguments of a call. Only a number that moves from event to event proves a repetition:
 * a model may say the same word twice.
 */
export class RepeatedEvents {
  #last: UpstreamEvent | null = null;
  #before: UpstreamEvent | null = null;

  /** Whether this is the last event once more. */
  has(event: UpstreamEvent): boolean {
    const last = this.#last;
    if (last !== null && isSame(event, last) && this.#counts(last)) return true;
    this.#before = last;
    this.#last = event;
    return false;
  }

  #counts(last: UpstreamEvent): boolean {
    const before = this.#before && numberOf(this.#before);
    const number = before === null ? null : numberOf(last);
    return number !== null && number > before!;
  }
}
