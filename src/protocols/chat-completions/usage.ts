import type { TurnUsage } from '../shared/turn/turn-listener.js';

/** Tokens as this dialect counts them: `prompt_tokens` has the cached ones in it, `completion_tokens` the reasoning. */
export interface CompletionUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: {
    readonly cached_tokens: number;
    /** Absent where upstream does not report it. */
    readonly cache_write_tokens?: number;
    readonly audio_tokens: number;
  };
  readonly completion_tokens_details: {
    readonly reasoning_tokens: number;
    readonly audio_tokens: number;
    readonly accepted_prediction_tokens: number;
    readonly rejected_prediction_tokens: number;
  };
}

/** English and code come to about this many bytes of JSON text a token. */
const BYTES_PER_TOKEN = 4;

/**
 * Usage of an answer that a stop sequence ended and of which upstream was not read to its end: the estimate of the prompt, and of what
 * was shown (bytes of JSON text). Never zero.
 */
export function estimatedUsage(inputEstimate: number, shownBytes: number): CompletionUsage {
  const input = Math.max(1, inputEstimate);
  const output = Math.max(1, Math.ceil(shownBytes / BYTES_PER_TOKEN));
  return completionUsage({ input, output, total: input + output, cached: 0, cacheWrite: null, reasoning: 0 });
}

/** Upstream's figures as they are, under this dialect's names. */
export const completionUsage = ({ input, output, total, cached, cacheWrite, reasoning }: TurnUsage): CompletionUsage => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: total,
  prompt_tokens_details: {
    cached_tokens: cached,
    ...(cacheWrite !== null && { cache_write_tokens: cacheWrite }),
    audio_tokens: 0,
  },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});
