import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { FinishReason } from './finish-reason.js';
import type { CompletionUsage } from './usage.js';

/** The tiers that the backend has; whatever else it says is not told. */
export type ServiceTier = 'default' | 'priority';

/** What every chunk of a stream says again; it never changes once it was sent. */
export interface CompletionHead {
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly serviceTier: ServiceTier | null;
}

export interface CompletionCall {
  /** `legacy`: a function of a request that used `functions`. */
  readonly kind: 'function' | 'custom' | 'legacy';
  readonly id: string;
  readonly name: string;
}

export interface CompletionEnd {
  readonly finishReason: FinishReason;
  /** `url_citation`s in the shape of this dialect, their offsets counted over the whole content. */
  readonly annotations: readonly JsonObject[];
  /** Null: upstream told none. */
  readonly usage: CompletionUsage | null;
  /** Upstream's last word; null where it had none. */
  readonly serviceTier: ServiceTier | null;
}

/**
 * Where a completion goes: frames of a stream, or a JSON document. `begin` comes first, either `end` or `fail` last. Pieces of one member are
 * joined as they come: separators are among them.
 */
export interface DeltaOutput {
  begin(head: CompletionHead): void;
  content(text: JsonText): void;
  refusal(text: JsonText): void;
  reasoning(text: JsonText): void;
  /** The next call begins; the one before it is whole. */
  call(call: CompletionCall): void;
  /** Arguments of the call that began last, or the input of a custom tool. */
  callPiece(text: JsonText): void;
  /** `url`: a data URL. */
  image(url: JsonText): void;
  end(end: CompletionEnd): void;
  fail(error: GatewayError): void;
}
