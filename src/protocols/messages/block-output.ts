import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { StopReason } from './stop-reason.js';
import type { MessageTier, MessageUsage } from './usage.js';

/** What is known of a content block when it begins; its content follows in pieces, but for search results, which come whole. */
export type ContentBlock =
  | { readonly type: 'text' }
  | { readonly type: 'thinking' }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string }
  | { readonly type: 'server_tool_use'; readonly id: string; readonly name: 'web_search' }
  | { readonly type: 'web_search_tool_result'; readonly tool_use_id: string; readonly content: JsonObject | readonly JsonObject[] };

export interface MessageEnd {
  readonly stop: StopReason;
  readonly usage: MessageUsage;
  /** Upstream said that the turn is whole: then a call whose arguments are cut is a failure. */
  readonly complete: boolean;
}

/**
 * Where a message goes: frames of a stream, or a JSON document. At most one block is open at a time; everything between `open` and
 * `close` belongs to it. Either `end` or `fail` comes last.
 */
export interface BlockOutput {
  begin(id: string, tier: MessageTier): void;
  open(block: ContentBlock): void;
  /** Text of a text or thinking block; a piece of the JSON text of a tool's input. */
  piece(text: JsonText): void;
  /** A citation of the open text block. */
  citation(location: JsonObject): void;
  /** The whole signature of the open thinking block. */
  signature(signature: string): void;
  close(): void;
  end(end: MessageEnd): void;
  fail(error: GatewayError): void;
}
