import type { TurnUsage } from '../shared/turn/turn-listener.js';
import type { SearchCount } from './web-search.js';

export type MessageTier = 'standard' | 'priority';

/** Tokens as this dialect counts them: `input_tokens` is without what was read from or written to the cache. */
export interface MessageUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
  /** Absent where upstream told no usage. */
  readonly output_tokens_details?: { readonly thinking_tokens: number };
  readonly server_tool_use: SearchCount | null;
}

/** English and code come to about this many bytes of JSON text a token. */
const BYTES_PER_TOKEN = 4;

/** Usage of a turn of which upstream told none: the estimate of the prompt, and of what was shown (bytes of JSON text). Never zero. */
export const estimatedUsage = (inputEstimate: number, shownBytes: number, searches: SearchCount | null): MessageUsage => ({
  input_tokens: Math.max(1, inputEstimate),
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: Math.max(1, Math.ceil(shownBytes / BYTES_PER_TOKEN)),
  server_tool_use: searches,
});

/** The three input figures sum up to upstream's input. */
export function messageUsage(usage: TurnUsage, searches: SearchCount | null): MessageUsage {
  const cached = Math.min(usage.cached, usage.input);
  const written = Math.min(usage.cacheWrite ?? 0, usage.input - cached);
  return {
    input_tokens: usage.input - cached - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.reasoning },
    server_tool_use: searches,
  };
}

/** What `message_start` says before anything is known; `message_delta` corrects every count. */
export const startUsage = (inputEstimate: number, tier: MessageTier): object => ({
  input_tokens: Math.max(1, inputEstimate),
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 1,
  service_tier: tier,
});
