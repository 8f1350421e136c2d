/** The least translation there is: text only, no checks, no error mapping. */
import type { Dialect } from '../scenarios.ts';

type Content = string | { text: string }[];
interface Message {
  role: string;
  content: Content;
}
interface Tool {
  function?: object;
  input_schema?: object;
}
export interface RequestBody {
  model: string;
  stream?: boolean;
  system?: string;
  messages: Message[];
  tools?: Tool[];
}
export interface UpstreamEvent {
  type: string;
  delta: string;
  response: { usage: { output_tokens: number } };
}

const textOf = (content: Content) => (typeof content === 'string' ? content : content.map((part) => part.text).join(''));
const message = ({ role, content }: Message) => ({
  type: 'message',
  role,
  content: [{ type: role === 'user' ? 'input_text' : 'output_text', text: textOf(content) }],
});

/** The client's request as the upstream wants it. */
export const toUpstream: Record<Dialect, (body: RequestBody) => object> = {
  responses: (body) => ({ ...body, stream: true, store: false }),
  chat: ({ model, messages, tools }) => ({
    model,
    stream: true,
    store: false,
    instructions: messages
      .filter((m) => m.role === 'system')
      .map((m) => textOf(m.content))
      .join('\n'),
    input: messages.filter((m) => m.role !== 'system').map(message),
    tools: tools?.map((tool) => ({ type: 'function', ...tool.function })),
  }),
  messages: ({ model, system, messages, tools }) => ({
    model,
    stream: true,
    store: false,
    instructions: system ?? '',
    input: messages.map(message),
    tools: tools?.map(({ input_schema: parameters, ...tool }) => ({ type: 'function', ...tool, parameters })),
  }),
};

const chunk = (model: string, delta: object, finish: string | null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-floor',
    object: 'chat.completion.chunk',
    created: 1787000000,
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;
const sse = (event: { type: string; [field: string]: unknown }) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

function chatFrames(event: UpstreamEvent, model: string): string {
  if (event.type === 'response.output_text.delta') return chunk(model, { content: event.delta }, null);
  if (event.type === 'response.created') return chunk(model, { role: 'assistant', content: '' }, null);
  if (event.type === 'response.completed') return `${chunk(model, {}, 'stop')}data: [DONE]\n\n`;
  return '';
}

function messagesOpening(model: string): string {
  const usage = { input_tokens: 0, output_tokens: 0 };
  const fields = { id: 'msg_floor', type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage };
  const start = sse({ type: 'message_start', message: fields });
  return start + sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
}

function messagesEnding(event: UpstreamEvent): string {
  const usage = { output_tokens: event.response.usage.output_tokens };
  const stop = sse({ type: 'content_block_stop', index: 0 });
  const delta = sse({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage });
  return stop + delta + sse({ type: 'message_stop' });
}

function messagesFrames(event: UpstreamEvent, model: string): string {
  if (event.type === 'response.output_text.delta')
    return sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: event.delta } });
  if (event.type === 'response.created') return messagesOpening(model);
  return event.type === 'response.completed' ? messagesEnding(event) : '';
}

/** The client's frames for one upstream event; none for Responses, which keeps the upstream's bytes. */
export const encoders: Record<Dialect, ((event: UpstreamEvent, model: string) => string) | null> = {
  responses: null,
  chat: chatFrames,
  messages: messagesFrames,
};

/** A JSON answer. */
export const wholeAnswer: Record<Dialect, (text: string, model: string) => object> = {
  responses: (text, model) => {
    const content = [{ type: 'output_text', annotations: [], text }];
    const output = [{ id: 'msg_floor', type: 'message', role: 'assistant', status: 'completed', content }];
    return { id: 'resp_floor', object: 'response', created_at: 1787000000, status: 'completed', model, output };
  },
  chat: (text, model) => {
    const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
    return { id: 'chatcmpl-floor', object: 'chat.completion', created: 1787000000, model, choices };
  },
  messages: (text, model) => {
    const content = [{ type: 'text', text }];
    return { id: 'msg_floor', type: 'message', role: 'assistant', model, content, stop_reason: 'end_turn', stop_sequence: null };
  },
};
