import type { JsonObject } from './upstream-event.js';

/** Tokens of one answer. `input` includes what came from the cache. */
export interface TokenUsage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** From a terminal event, or from the answer of a compaction; null where it says nothing. */
export function usageOf(answer: JsonObject): TokenUsage | null {
  const usage = object(object(answer.response)?.usage ?? answer.usage);
  if (usage === null) return null;
  return {
    input: count(usage.input_tokens),
    cached: count(object(usage.input_tokens_details)?.cached_tokens),
    output: count(usage.output_tokens),
  };
}

const object = (value: unknown): JsonObject | null => (typeof value === 'object' && value !== null ? (value as JsonObject) : null);

const count = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0);
