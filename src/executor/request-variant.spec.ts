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

  it.each(['include[web_search_call.action.sources]', 'include[1]'])('leave out one value of a list: %s', (parameter) => {
    const include = ['reasoning.encrypted_content', 'web_search_call.action.sources'];
    expect(isRemovable({ ...body, include }, parameter)).toBe(true);
    expect(withoutParameters({ ...body, include }, [parameter]).include).toEqual(['reasoning.encrypted_content']);
    expect(isRemovable({ ...body, include: include.slice(0, 1) }, parameter)).toBe(false);
  });

  it('never leave out the ciphertext of reasoning', () => {
    const include = ['reasoning.encrypted_content'];
    for (const parameter of ['include[reasoning.encrypted_content]', 'include[0]']) {
      expect(isRemovable({ ...body, include }, parameter)).toBe(false);
    }
  });

  it('have a neutral sentence where empty instructions are refused, and the client’s own ones otherwise', () => {
    expect(isRemovable(body, 'instructions')).toBe(true);
    expect(withoutParameters(body, ['instructions']).instructions).toBe('You are a helpful assistant.');
    const own = { ...body, instructions: 'Be short.' };
    expect(isRemovable(own, 'instructions')).toBe(false);
    expect(withoutParameters(own, ['instructions'])).toEqual(own);
  });

  it('leave out a member of a parameter alone, and the parameter where nothing is left of it', () => {
    const reasoning = { effort: 'low', summary: 'auto' };
    const asked: CodexBody = { ...body, reasoning };
    expect(isRemovable(asked, 'reasoning.summary')).toBe(true);
    expect(withoutParameters(asked, ['reasoning.summary', 'text.verbosity'])).toEqual({
      model: 'gpt-5.4',
      instructions: '',
      input: body.input,
      reasoning: { effort: 'low' },
    });
    expect(asked.reasoning).toBe(reasoning);
    expect(reasoning).toEqual({ effort: 'low', summary: 'auto' });
  });

  it.each([
    'reasoning.summary',
    'text.format.strict',
    'text.verbosity.low',
    'input.0',
    'input.length',
    'text.toString',
    '.',
    'text.',
    'model.x',
  ])('have nothing to leave out at %s', (path) => {
    expect(isRemovable(body, path)).toBe(false);
    expect(withoutParameters(body, [path])).toEqual(body);
  });
});
