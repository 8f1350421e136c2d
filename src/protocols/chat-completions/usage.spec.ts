import { describe, expect, it } from '@jest/globals';
import { completionUsage, estimatedUsage } from './usage.js';

const UPSTREAM = { input: 100, output: 20, total: 121, cached: 60, cacheWrite: null, reasoning: 5 };

describe('usage', () => {
  it('has upstream’s figures, cached tokens and reasoning included', () => {
    expect(completionUsage(UPSTREAM)).toEqual({
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 121,
      prompt_tokens_details: { cached_tokens: 60, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    });
  });

  it('can be estimated, and is then never zero', () => {
    expect(estimatedUsage(50, 9)).toMatchObject({ prompt_tokens: 50, completion_tokens: 3, total_tokens: 53 });
    expect(estimatedUsage(0, 0)).toMatchObject({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 });
  });

  it.each([0, 7])('tells %i tokens written to the cache where upstream does', (cacheWrite) => {
    expect(completionUsage({ ...UPSTREAM, cacheWrite }).prompt_tokens_details).toEqual({
      cached_tokens: 60,
      cache_write_tokens: cacheWrite,
      audio_tokens: 0,
    });
  });
});
