/** Request bodies. Tools and a little history make translating gateways do the work they do in practice. */
import type { Dialect, Question } from '../scenarios.ts';

const TOOL = {
  name: 'shell',
  description: 'Runs a shell command and returns its output.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'array', items: { type: 'string' }, description: 'argv' },
      workdir: { type: 'string' },
      timeout_ms: { type: 'number' },
    },
    required: ['command'],
  },
};
const SYSTEM = 'You are a careful coding assistant. Answer briefly and keep to the question. '.repeat(8);
const LINE =
  'const total = items.filter((item) => item.active).map((item) => item.price * item.count).reduce((a, b) => a + b, 0); // "sum"\n';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** A history of about so many kilobytes, ending with the assistant. */
function turns(kb: number): Turn[] {
  const out: Turn[] = [];
  for (let size = 0, i = 0; size < kb * 1024; i++) {
    const text = `${i % 2 ? 'Here is the change:' : 'Please review this file:'}\n${LINE.repeat(kb > 64 ? 40 : 4)}`;
    out.push({ role: i % 2 ? 'assistant' : 'user', text });
    size += JSON.stringify(text).length + 80;
  }
  if (out.length % 2) out.push({ role: 'assistant', text: 'Done.' });
  return out;
}

type Build = (all: readonly Turn[], tools: boolean) => object;

const BUILD: Record<Dialect, Build> = {
  chat: (all, tools) => ({
    messages: [{ role: 'system', content: SYSTEM }, ...all.map((t) => ({ role: t.role, content: t.text }))],
    ...(tools && { tools: [{ type: 'function', function: TOOL }], tool_choice: 'auto' }),
  }),
  messages: (all, tools) => {
    const { parameters: input_schema, ...tool } = TOOL;
    return {
      max_tokens: 4096,
      system: SYSTEM,
      messages: all.map((t) => ({ role: t.role, content: [{ type: 'text', text: t.text }] })),
      ...(tools && { tools: [{ ...tool, input_schema }] }),
    };
  },
  responses: (all, tools) => ({
    store: false,
    instructions: SYSTEM,
    input: all.map((t) => ({
      type: 'message',
      role: t.role,
      content: [{ type: t.role === 'user' ? 'input_text' : 'output_text', text: t.text }],
    })),
    ...(tools && { tools: [{ type: 'function', strict: false, ...TOOL }], tool_choice: 'auto', parallel_tool_calls: true }),
  }),
};

export function requestBody(q: Question, model: string): object {
  const ask = `Continue. #perf=${q.variant}${q.min ? `,min=${q.min}` : ''}#`;
  return { model, stream: q.stream, ...BUILD[q.dialect]([...turns(q.historyKb), { role: 'user', text: ask }], q.tools) };
}

const PATHS: Record<Dialect, string> = { chat: '/v1/chat/completions', responses: '/v1/responses', messages: '/v1/messages' };

export interface RequestAddress {
  readonly host: string;
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole HTTP/1.1 request as bytes. */
export function requestBytes(q: Question, model: string, { host, port, headers }: RequestAddress): Buffer {
  const body = Buffer.from(JSON.stringify(requestBody(q, model)));
  const head = {
    host: `${host}:${port}`,
    'content-type': 'application/json',
    accept: q.stream ? 'text/event-stream' : 'application/json',
    'user-agent': 'perf/1',
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${PATHS[q.dialect]} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}
