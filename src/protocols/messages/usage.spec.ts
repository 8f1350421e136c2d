import { describe, expect, it } from '@jest/globals';
import type { TurnUsage } from '../shared/turn/turn-listener.js';
import { estimatedUsage, messageUsage } from './usage.js';

const USAGE: TurnUsage = { input: 100, output: 20, total: 120, cached: 0, cacheWrite: null, reasoning: 0 };

describe('usage', () => {
  it.each<[string, Partial<TurnUsage>, [input: number, read: number, written: number]]>([
    ['nothing cached', {}, [100, 0, 0]],
    ['read from the cache', { cached: 60 }, [40, 60, 0]],
    ['read and written', { cached: 60, cacheWrite: 30 }, [10, 60, 30]],
    ['all from the cache', { cached: 100 }, [0, 100, 0]],
    ['more cached than read', { cached: 150, cacheWrite: 30 }, [0, 100, 0]],
  ])('%s: the three sum up to upstream’s input', (_, given, [input, read, written]) => {
    expect(messageUsage({ ...USAGE, ...given }, null)).toEqual({
      input_tokens: input,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 0 },
      server_tool_use: null,
    });
  });

  it('keeps an explicit zero', () => {
    expect(messageUsage({ ...USAGE, output: 0 }, null).output_tokens).toBe(0);
  });

  it('is estimated where nobody knows it, and tells nothing of reasoning then', () => {
    expect(estimatedUsage(50, 9, { web_search_requests: 1, web_fetch_requests: 0 })).toEqual({
      input_tokens: 50,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
      output_tokens: 3,
      server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
    });
  });
});
