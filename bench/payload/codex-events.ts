import { deltaText } from './text.ts';
import { frame, type DeltaOf, type Events } from './events.ts';

const ITEM = 'msg_0a7c5e1f93b24d8600691f3c5a2e4c81a3b9d07f6e5c4b3a29';
const RESPONSE = 'resp_0a7c5e1f93b24d8600691f3c5a1b2c81a39f0e7d6c5b4a3921';
const OBFUSCATION = 'q7Rk2LmZx9TbVw3P';
const USAGE = {
  input_tokens: 1834,
  input_tokens_details: { cached_tokens: 1536 },
  output_tokens: 512,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 2346,
};

const response = (status: string, model: string) => ({
  id: RESPONSE,
  object: 'response',
  created_at: 1787000000,
  status,
  background: false,
  error: null,
  incomplete_details: null,
  instructions: 'You are a coding agent running in a terminal. '.repeat(16),
  max_output_tokens: null,
  max_tool_calls: null,
  model,
  output: [],
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: '0199c0de-0000-7000-8000-000000000001',
  reasoning: { effort: 'low', summary: null },
  safety_identifier: 'user-AbCdEfGhIjKlMnOp',
  service_tier: 'default',
  store: false,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  usage: null,
  user: null,
  metadata: {},
});
const part = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });
const item = (status: string, content: object[]) => ({ id: ITEM, type: 'message', status, content, role: 'assistant' });

/** Responses SSE as Codex sends it: lifecycle events, n deltas, done events, completed with an empty output list. */
export function responsesEvents(n: number, text: DeltaOf = deltaText, model = 'gpt-5.4'): Events {
  let seq = 0;
  const event = (type: string, fields: object) => frame({ type, ...fields, sequence_number: seq++ });
  const at = { content_index: 0, item_id: ITEM, output_index: 0 };
  const head = [
    event('response.created', { response: response('in_progress', model) }),
    event('response.in_progress', { response: response('in_progress', model) }),
    event('response.output_item.added', { item: item('in_progress', []), output_index: 0 }),
    event('response.content_part.added', { ...at, part: part('') }),
  ];
  const deltas = Array.from({ length: n }, (_, i) => {
    const delta = {
      content_index: 0,
      delta: text(i),
      item_id: ITEM,
      logprobs: [],
      obfuscation: OBFUSCATION.slice(i % 12),
      output_index: 0,
    };
    return event('response.output_text.delta', delta);
  });
  const tail = (whole: string) => {
    seq = head.length + n;
    return [
      event('response.output_text.done', { ...at, logprobs: [], text: whole }),
      event('response.content_part.done', { ...at, part: part(whole) }),
      event('response.output_item.done', { item: item('completed', [part(whole)]), output_index: 0 }),
      event('response.completed', { response: { ...response('completed', model), usage: USAGE } }),
    ];
  };
  return { head, deltas, tail };
}
