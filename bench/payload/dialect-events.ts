/** Ready-made answers in the other two dialects: for plain OpenAI gateways, and to measure the harness alone. */
import { frame, type DeltaOf, type Events } from './events.ts';
import { deltaText, fullText } from './text.ts';

const COMPLETION = { id: 'chatcmpl-perf', created: 1787000000, model: 'gpt-5.4' };
const MESSAGE = { id: 'msg_perf', type: 'message', role: 'assistant', model: 'gpt-5.4' };

export function chatEvents(n: number, text: DeltaOf = deltaText): Events {
  const chunk = (delta: object, finish: string | null = null) => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    const { id, created, model } = COMPLETION;
    const fields = { id, object: 'chat.completion.chunk', created, model, service_tier: 'default', system_fingerprint: null };
    return `data: ${JSON.stringify({ ...fields, choices, obfuscation: 'q7Rk2LmZx9TbVw3P' })}\n\n`;
  };
  return {
    head: [chunk({ role: 'assistant', content: '', refusal: null })],
    deltas: Array.from({ length: n }, (_, i) => chunk({ content: text(i) })),
    tail: () => [chunk({}, 'stop'), 'data: [DONE]\n\n'],
  };
}

export function messagesEvents(n: number, text: DeltaOf = deltaText): Events {
  const event = (type: string, fields: object = {}) => frame({ type, ...fields });
  const usage = { input_tokens: 298, output_tokens: 1 };
  return {
    head: [
      event('message_start', { message: { ...MESSAGE, content: [], stop_reason: null, stop_sequence: null, usage } }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ],
    deltas: Array.from({ length: n }, (_, i) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: text(i) } })),
    tail: () => [
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 512 } }),
      event('message_stop'),
    ],
  };
}

export function chatObject(n: number, utf: boolean): string {
  const message = { role: 'assistant', content: fullText(n, utf), refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 1834, completion_tokens: 512, total_tokens: 2346 };
  return JSON.stringify({ ...COMPLETION, object: 'chat.completion', choices, usage });
}

export function messagesObject(n: number, utf: boolean): string {
  const content = [{ type: 'text', text: fullText(n, utf) }];
  const usage = { input_tokens: 298, output_tokens: 512 };
  return JSON.stringify({ ...MESSAGE, content, stop_reason: 'end_turn', stop_sequence: null, usage });
}
