import type { ByteString } from '../../../common/byte-string.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';

/**
 * Text as it stands inside a JSON string literal, without the quotes: it may be copied into any JSON string as it is. What upstream
 * sent and what a dialect sends are then the same bytes, and text is decoded only where somebody has to read it.
 */
export type JsonText = ByteString;

export type SlotKind = 'message' | 'reasoning' | 'function' | 'custom' | 'web_search' | 'image' | 'other';

/** One output item of the turn. Everything in it is known when `open` tells of it, but for what only the end of the item says. */
export interface TurnSlot {
  readonly kind: SlotKind;
  /** Position in the order of release, counted over the items that are shown, from 0. */
  readonly order: number;
  /** Upstream's id of the item; empty where it has none. */
  readonly itemId: string;
  /** Functions and custom tools: id of the call, stable; otherwise empty. */
  readonly callId: string;
  /** Functions and custom tools: the name as upstream knows it; otherwise empty. */
  readonly name: string;
}

export interface TurnBegin {
  /** Upstream's `resp_…`; empty if it named none before its first item. */
  readonly responseId: string;
  /** Epoch seconds; null if upstream did not say. */
  readonly createdAt: number | null;
  /** What upstream says it used (`default`, `priority`); null if it did not say. */
  readonly serviceTier: string | null;
}

/** Tokens, as upstream counts them. */
export interface TurnUsage {
  /** Including what came from the cache. */
  readonly input: number;
  readonly output: number;
  readonly total: number;
  readonly cached: number;
  /** Null: upstream does not report it. */
  readonly cacheWrite: number | null;
  readonly reasoning: number;
}

export interface TurnFailure {
  readonly message: string;
  readonly code: string | null;
}

export interface TurnEnd {
  readonly status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  /** `max_output_tokens`, `content_filter`, …; null unless incomplete. */
  readonly incompleteReason: string | null;
  /** Null: upstream did not say; never guessed. */
  readonly usage: TurnUsage | null;
  /** Null unless failed or cancelled. */
  readonly failure: TurnFailure | null;
  /** The stop sequence that ended the visible text, if one did; the rest of the turn was left out. */
  readonly stopped: string | null;
  readonly serviceTier: string | null;
}

/**
 * The alphabet that the dialects' encoders and folds read: what upstream meant, whatever shape it came in. Slots come one after
 * another, in the order of `output_index`: `open`, its content, `close`, and only then the next one of a kind that is shown. `begin` comes
 * once and first, `end` once and last; nothing is told twice. A turn that failed ends with `end` alone: what is open is not closed and what waits
 * is not told, so that no half-made call looks like a whole one.
 */
export interface TurnListener {
  begin(head: TurnBegin): void;
  open(slot: TurnSlot): void;
  /** `part`: content index; a new part of the same slot has a higher one. Never empty. */
  text(slot: TurnSlot, part: number, text: JsonText): void;
  refusal(slot: TurnSlot, part: number, text: JsonText): void;
  /** A `url_citation` or another annotation of a text part, in the shape of the Responses API; each one once. */
  annotation(slot: TurnSlot, part: number, annotation: JsonObject): void;
  /** Text of a reasoning summary; raw reasoning only where the item has no summary. */
  think(slot: TurnSlot, text: JsonText): void;
  /** Between two parts of a reasoning summary that both have text. */
  thinkBreak(slot: TurnSlot): void;
  /** A piece of a call's arguments: JSON text for functions, raw input for custom tools. */
  args(slot: TurnSlot, text: JsonText): void;
  /** `base64`: the final image; `format`: `png`, `webp`, `jpeg`. Each image once. */
  image(slot: TurnSlot, base64: ByteString, format: string): void;
  /** `item`: upstream's last word on it (`encrypted_content`, `action`, `status`); null where it never came and the turn's end closed the slot. */
  close(slot: TurnSlot, item: JsonObject | null): void;
  end(end: TurnEnd): void;
}
