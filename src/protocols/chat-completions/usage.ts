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
