import { isObject } from '../json-body.js';
import type { TurnUsage } from './turn-listener.js';

/** Typed clients read whole numbers only, and fail on any other. */
const count = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);

const detail = (details: unknown, member: string): number | null => (isObject(details) ? count(details[member]) : null);

/** Tokens from a `usage` member; null where it does not say how many went in and came out. Nothing is guessed or negative. */
export function readUsage(usage: unknown): TurnUsage | null {
  if (!isObject(usage)) return null;
  const total = count(usage.total_tokens);
  const left = (other: number | null): number | null => (total !== null && other !== null && total >= other ? total - other : null);
  const said = {
    input: count(usage.input_tokens) ?? count(usage.prompt_tokens),
    output: count(usage.output_tokens) ?? count(usage.completion_tokens),
  };
  const input = said.input ?? left(said.output);
  const output = said.output ?? left(said.input);
  if (input === null || output === null) return null;
  const inputDetails = usage.input_tokens_details ?? usage.prompt_tokens_details;
  const outputDetails = usage.output_tokens_details ?? usage.completion_tokens_details;
  return {
    input,
    output,
    total: total ?? input + output,
    cached: detail(inputDetails, 'cached_tokens') ?? 0,
    cacheWrite: detail(inputDetails, 'cache_write_tokens'),
    reasoning: detail(outputDetails, 'reasoning_tokens') ?? 0,
  };
}
