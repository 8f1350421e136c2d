import { describe, expect, it } from '@jest/globals';
import type { CodexBody } from '../../../executor/codex-request.js';
import { estimateTokens } from './estimate.js';
import { estimateText } from './text-estimate.js';

const body = (members: Partial<CodexBody> = {}): CodexBody => ({ model: 'gpt-5.4', input: [], ...members });
const said = (text: string): CodexBody => body({ input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }] });

describe('estimate of input tokens', () => {
  it('is never zero', () => {
    expect(estimateTokens(body())).toBe(1);
    expect(estimateTokens(said(''))).toBeGreaterThan(0);
  });

  it('counts instructions, texts, calls, outputs and tools', () => {
    const words = 'the quick brown fox jumps over the lazy dog '.repeat(20);
    const none = estimateTokens(body());
    const message = { type: 'message', role: 'user', content: words };
    const bodies: Partial<CodexBody>[] = [
      { instructions: words },
      { input: [message] },
      { input: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: words }] }] },
      { input: [{ type: 'function_call', name: 'f', call_id: 'c', arguments: words }] },
      { input: [{ type: 'custom_tool_call', name: 'f', call_id: 'c', input: words }] },
      { input: [{ type: 'function_call_output', call_id: 'c', output: words }] },
      { input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: words }] }] },
      { input: [{ type: 'local_shell_call', action: { command: [words] } }] },
      { tools: [{ type: 'function', name: 'f', description: words, parameters: {} }] },
      { tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: { [words]: { type: 'string' } } } }] },
      { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f', description: words }] }] },
      { text: { format: { type: 'json_schema', schema: { description: words } } } },
    ];
    for (const each of bodies) expect(estimateTokens(body(each)) - none).toBeGreaterThan(150);
  });

  it('adds four for each item and eight for each tool', () => {
    const item = { type: 'message', role: 'user', content: [] };
    expect(estimateTokens(body({ input: Array.from({ length: 100 }, () => item) }))).toBe(400);
    const tool = { type: 'function', name: '' };
    expect(estimateTokens(body({ tools: Array.from({ length: 100 }, () => tool) }))).toBe(800);
  });

  it('counts ciphertext by its length, not the summary beside it', () => {
    const item = {
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'long '.repeat(1000) }],
      encrypted_content: 'x'.repeat(4000),
    };
    expect(estimateTokens(body({ input: [item] }))).toBe(1004);
  });

  it('takes wide characters one by one', () => {
    expect(estimateText('天'.repeat(1000))).toBeGreaterThan(600);
    expect(estimateText('天'.repeat(1000))).toBeLessThanOrEqual(1000);
    expect(estimateText('word '.repeat(200))).toBeGreaterThan(150);
    expect(estimateText('word '.repeat(200))).toBeLessThan(320);
  });

  it('goes on with the same rate where it reads samples only', () => {
    const text = 'const answer = await this.fetch(`/v1/${name}`, { method: "POST" });\n';
    const each = estimateText(text.repeat(20)) / 20;
    expect(estimateText(text.repeat(2000)) / 2000 / each).toBeCloseTo(1, 1);
  });

  it('ends with values nested deeper than the stack', () => {
    const nested = (wrap: (inner: unknown) => unknown): unknown => {
      let deep: unknown = 'x';
      for (let i = 0; i < 100_000; i++) deep = wrap(deep);
      return deep;
    };
    const screens = { type: 'unknown', content: nested((inner) => ({ image_url: 'x', a: inner })) };
    const namespaces = nested((inner) => ({ type: 'namespace', tools: [inner] }));
    const tools = [namespaces, { type: 'function', name: 'f', parameters: nested((inner) => [inner]) }];
    expect(estimateTokens(body({ input: [screens], tools }))).toBeGreaterThan(0);
  });
});
