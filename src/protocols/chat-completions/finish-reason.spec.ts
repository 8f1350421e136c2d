import { describe, expect, it } from '@jest/globals';
import type { TurnEnd } from '../shared/turn/turn-listener.js';
import { type Called, type FinishReason, finishReason } from './finish-reason.js';

const END: TurnEnd = { status: 'completed', incompleteReason: null, usage: null, failure: null, stopped: null, serviceTier: null };
const cut = (incompleteReason: string | null): Partial<TurnEnd> => ({ status: 'incomplete', incompleteReason });

describe('the finish reason', () => {
  it.each<[string, Partial<TurnEnd>, Called, FinishReason]>([
    ['text', {}, 'nothing', 'stop'],
    ['tools', {}, 'tools', 'tool_calls'],
    ['a function of a legacy request', {}, 'legacy', 'function_call'],
    ['cut by the filter', cut('content_filter'), 'nothing', 'content_filter'],
    ['cut by the filter behind a call', cut('content_filter'), 'tools', 'content_filter'],
    ['cut at the limit', cut('max_output_tokens'), 'nothing', 'length'],
    ['cut at the limit, in a call perhaps', cut('max_output_tokens'), 'tools', 'length'],
    ['cut for another reason', cut('interrupted'), 'legacy', 'length'],
    ['cut for no reason', cut(null), 'nothing', 'length'],
    ['a stop sequence', { stopped: 'END' }, 'nothing', 'stop'],
    ['a stop sequence behind a call', { stopped: 'END' }, 'tools', 'stop'],
    ['a stop sequence, and upstream cut later', { ...cut('max_output_tokens'), stopped: 'END' }, 'nothing', 'stop'],
  ])('%s', (_name, end, called, reason) => {
    expect(finishReason({ ...END, ...end }, called)).toBe(reason);
  });
});
