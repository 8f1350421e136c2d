/**
 * Full check of one answer: every delta in order, the terminal event. Used on a sample of the answers; the rest is checked
 * by counting sentinel bytes against the count of a fully checked answer.
 */
import { deltaText, fullText } from '../payload/text.ts';
import type { Dialect } from '../scenarios.ts';

export interface Expected {
  readonly dialect: Dialect;
  readonly stream: boolean;
  readonly n: number;
  readonly utf: boolean;
  readonly paced: boolean;
}

interface Heard {
  readonly parts: string[];
  finish: boolean;
  end: boolean;
}

interface ChatChunk {
  choices: { delta?: { content?: string }; finish_reason?: string | null }[];
}
interface MessagesEvent {
  type: string;
  delta: { type?: string; text: string; stop_reason?: string };
}

const STREAM: Record<Dialect, (data: string, heard: Heard) => void> = {
  chat(data, heard) {
    if (data === '[DONE]') {
      heard.end = heard.finish;
      return;
    }
    const choice = (JSON.parse(data) as ChatChunk).choices[0];
    if (choice?.delta?.content) heard.parts.push(choice.delta.content);
    if (choice?.finish_reason === 'stop') heard.finish = true;
  },
  responses(data, heard) {
    if (data === '[DONE]') return;
    const event = JSON.parse(data) as { type: string; delta: string };
    if (event.type === 'response.output_text.delta') heard.parts.push(event.delta);
    if (event.type === 'response.completed') heard.end = true;
  },
  messages(data, heard) {
    const event = JSON.parse(data) as MessagesEvent;
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') heard.parts.push(event.delta.text);
    if (event.type === 'message_delta' && event.delta.stop_reason === 'end_turn') heard.finish = true;
    if (event.type === 'message_stop') heard.end = heard.finish;
  },
};

interface WholeAnswer {
  status?: string;
  stop_reason?: string;
  choices: { finish_reason: string; message: { content: string } }[];
  output: { content?: { text?: string }[] }[];
  content: { text?: string }[];
}
const joined = (content: readonly { text?: string }[]) => content.map((part) => part.text ?? '').join('');

/** The text of a JSON answer that says it is complete, else null. */
const WHOLE: Record<Dialect, (answer: WholeAnswer) => string | null> = {
  chat: ({ choices: [choice] }) => (choice?.finish_reason === 'stop' ? choice.message.content : null),
  responses: ({ status, output }) => (status === 'completed' ? joined(output.flatMap((item) => item.content ?? [])) : null),
  messages: ({ stop_reason: reason, content }) => (reason === 'end_turn' ? joined(content) : null),
};

function* sseData(text: string): Generator<string> {
  for (const block of text.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    const data = lines.map((line) => line.slice(5).trimStart()).join('\n');
    if (data) yield data;
  }
}

function faultOfStream(text: string, { dialect, n, utf, paced }: Expected): string | null {
  const heard: Heard = { parts: [], finish: false, end: false };
  for (const data of sseData(text)) STREAM[dialect](data, heard);
  if (!heard.end) return 'no proper end of stream';
  if (heard.parts.length !== n) return `${heard.parts.length} deltas instead of ${n}`;
  const right = (part: string, i: number) => (paced ? part.startsWith(` ${String(i).padStart(5, '0')}:`) : part === deltaText(i, utf));
  const wrong = heard.parts.findIndex((part, i) => !right(part, i));
  return wrong < 0 ? null : `delta ${wrong} differs: ${JSON.stringify(heard.parts[wrong]).slice(0, 60)}`;
}

/** Null when the body is a complete and correct answer, else what is wrong with it. */
export function faultOf(expected: Expected, body: Buffer): string | null {
  const text = body.toString('utf8');
  try {
    if (expected.stream) return faultOfStream(text, expected);
    const answer = WHOLE[expected.dialect](JSON.parse(text) as WholeAnswer);
    return answer === fullText(expected.n, expected.utf) ? null : 'text differs';
  } catch (e) {
    return `${(e as Error).message} in ${JSON.stringify(text.slice(0, 160))}`;
  }
}
