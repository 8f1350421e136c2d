/**
 * Every answer of the fake backend, prepared as bytes the first time it is asked for.
 * A request picks its answer with a marker anywhere in its body, `#perf=<variant>[,min=<bytes>]#`:
 *   burst-N      N text deltas, one HTTP chunk per event, all written at once
 *   block-N      the same bytes in 16 KB chunks
 *   utf-N        as burst-N, with multi-byte characters in the text
 *   paced-N-MS   N deltas, one every MS milliseconds, each carrying its send time
 *   slow-MS-N    silence for MS milliseconds, then burst-N
 * Without a marker: a path part /v/<variant>/, else the model's name, else burst-100.
 */
import { chatEvents, chatObject, messagesEvents, messagesObject } from '../payload/dialect-events.ts';
import { responsesEvents } from '../payload/codex-events.ts';
import { blockChunks, eventChunks, jsonAnswer, SSE_HEAD } from '../payload/framing.ts';
import { deltaText, fullText } from '../payload/text.ts';
import type { Dialect } from '../scenarios.ts';

export const MODELS: Readonly<Record<string, string>> = {
  'gpt-5.4': 'burst-100',
  'gpt-5.4-mini': 'burst-10',
  'gpt-5.5': 'burst-1000',
  'gpt-5.6-sol': 'paced-200-20',
  'gpt-5.6-terra': 'slow-300-100',
};
const DEFAULT = 'burst-100';
export const BUILD = { responses: responsesEvents, chat: chatEvents, messages: messagesEvents };
const WHOLE = { chat: chatObject, messages: messagesObject };

const cache = new Map<string, Buffer>();

export function prepared(key: string, make: () => Buffer): Buffer {
  let bytes = cache.get(key);
  if (bytes === undefined) cache.set(key, (bytes = make()));
  return bytes;
}

export function burst(dialect: Dialect, n: number, kind: string): Buffer {
  return prepared(`${dialect} ${kind} ${n}`, () => {
    const utf = kind === 'utf';
    const events = BUILD[dialect](n, (i) => deltaText(i, utf));
    const chunks = kind === 'block' ? blockChunks : eventChunks;
    return Buffer.concat([Buffer.from(SSE_HEAD), chunks([...events.head, ...events.deltas, ...events.tail(fullText(n, utf))])]);
  });
}

export const whole = (dialect: 'chat' | 'messages', n: number, kind: string): Buffer =>
  prepared(`${dialect} object ${kind} ${n}`, () => jsonAnswer('200 OK', WHOLE[dialect](n, kind === 'utf')));

export function variantOf(path: string, body: Buffer): string {
  const i = body.indexOf('#perf=');
  if (i >= 0) return body.toString('latin1', i + 6, body.indexOf(35, i + 6));
  const inPath = /\/v\/([a-z0-9-]+)\//.exec(path);
  if (inPath) return inPath[1]!;
  const model = /"model"\s*:\s*"([^"]+)"/.exec(body.toString('latin1', 0, 4096));
  return (model && MODELS[model[1]!]) || DEFAULT;
}
