import { describe, expect, it } from '@jest/globals';
import type { TurnEnd } from '../shared/turn/turn-listener.js';
import { Shown, stopReason } from './stop-reason.js';

const END: TurnEnd = { status: 'completed', incompleteReason: null, usage: null, failure: null, stopped: null, serviceTier: null };
const cut = (incompleteReason: string | null): Partial<TurnEnd> => ({ status: 'incomplete', incompleteReason });
const TEXT = { text: true };
const TOOL = { toolUse: true };
const REFUSAL = { refusal: true };

describe('why a message ended', () => {
  it.each<[string, Partial<TurnEnd>, Partial<Shown>, string]>([
    ['text', {}, TEXT, 'end_turn'],
    ['nothing, or reasoning alone', {}, {}, 'end_turn'],
    ['a call', {}, TOOL, 'tool_use'],
    ['text and a call', {}, { ...TEXT, ...TOOL }, 'tool_use'],
    ['nothing but a refusal', {}, REFUSAL, 'refusal'],
    ['text and a refusal', {}, { ...TEXT, ...REFUSAL }, 'end_turn'],
    ['a refusal and a call', {}, { ...REFUSAL, ...TOOL }, 'tool_use'],
    ['the limit of output', cut('max_output_tokens'), TEXT, 'max_tokens'],
    ['the limit of output, with a call that may be cut', cut('max_output_tokens'), TOOL, 'max_tokens'],
    ['an unknown limit', cut('tired'), TEXT, 'max_tokens'],
    ['a limit without a name', cut(null), TEXT, 'max_tokens'],
    ['the content filter', cut('content_filter'), { ...TEXT, ...TOOL }, 'refusal'],
    ['the context window', cut('context_window_exceeded'), TEXT, 'model_context_window_exceeded'],
    ['a stop sequence', { stopped: 'END' }, { ...TEXT, ...TOOL }, 'stop_sequence'],
    ['a stop sequence before a limit', { ...cut('max_output_tokens'), stopped: 'END' }, TEXT, 'stop_sequence'],
  ])('%s', (_, end, shown, reason) => {
    expect(stopReason({ ...END, ...end }, { text: false, refusal: false, toolUse: false, ...shown })).toEqual({
      stop_reason: reason,
      stop_sequence: end.stopped ?? null,
      stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
    });
  });
});
