import { type NormaliserOptions, TurnNormaliser } from '../../src/protocols/shared/turn/turn-normaliser.js';
import type { SlotKind } from '../../src/protocols/shared/turn/turn-listener.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';
import { TurnRecord } from './turn-record.js';
import { COMPLETED } from './upstream-events.js';
import { decodeEvents } from './upstream-fixtures.js';

/** Every kind that a dialect may show. */
export const ALL: readonly SlotKind[] = ['message', 'reasoning', 'function', 'custom', 'web_search', 'image'];

export interface NormalisedRun {
  readonly record: TurnRecord;
  readonly normaliser: TurnNormaliser;
}

/** Normalises a script. */
export function normalise(script: readonly JsonObject[], shows = ALL, options: Partial<NormaliserOptions> = {}): NormalisedRun {
  const record = new TurnRecord();
  const normaliser = new TurnNormaliser(record, { shows: new Set(shows), newCallId: () => 'call_made_up', ...options });
  normaliser.accept(decodeEvents(script));
  return { record, normaliser };
}

/** What was told between `begin` and `end`. */
export const told = (script: readonly JsonObject[], shows = ALL): string[] =>
  normalise([...script, COMPLETED], shows).record.lines.filter((line) => !/^(begin|end)/.test(line));
