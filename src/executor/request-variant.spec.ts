import { describe, expect, it } from '@jest/globals';
import type { CodexBody } from './codex-request.js';
import { hasReasoningCiphertext, isRemovable, withoutParameters, withoutReasoning } from './request-variant.js';

const body: CodexBody = {
  model: 'gpt-5.4',
  instructions: '',
  input: [
    { type: 'message', role: 'user', content: 'hi' },
    { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' },
    { type: 'compaction', encrypted_content: 'gAAAB' },
  ],
  text: { verbosity: 'low' },
};

describe('variants of a request', () => {
  it('leave out reasoning ciphertext and keep compactions', () => {
    expect(hasReasoningCiphertext(body)).toBe(true);
    expect(withoutReasoning(body).input.map((item) => item.type)).toEqual(['message', 'compaction']);
    expect(body.input).toHaveLength(3);
  });

  it('leave out an optional parameter, never a required one', () => {
    expect(isRemovable(body, 'text')).toBe(true);
    expect(isRemovable(body, 'model')).toBe(false);
    expect(isRemovable(body, 'unknown')).toBe(false);
    expect(withoutParameters(body, ['text', 'input'])).toEqual({ model: 'gpt-5.4', instructions: '', input: body.input });
  });
});
