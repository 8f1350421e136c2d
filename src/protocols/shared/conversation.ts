import type { IncomingHttpHeaders } from 'node:http';
import type { CodexRequest } from '../../executor/codex-request.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { affinityKey, identityHeaders, isCodexClient, sessionFromHeaders, shortKey } from './client-identity.js';
import { sha256 } from './digest.js';
import { isObject } from './json-body.js';

/** How much of a text tells one conversation from another. */
const TELLING_LENGTH = 8192;

const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n') : '';
};

/** The first words of the conversation, as a digest: they stay the same from turn to turn. `items`: input items of the backend. */
export function conversationHash(instructions: string, items: readonly JsonObject[]): string {
  const first = items.find((item) => item.type === 'message' && item.role === 'user');
  return sha256(`${instructions.slice(0, TELLING_LENGTH)}\0${textOf(first?.content).slice(0, TELLING_LENGTH)}`);
}

/**
 * Who is asking, in which conversation. `session`: the conversation's id by the dialect's own rules, at most 64 characters of
 * a header; empty where the client named none.
 */
export function identityOf(
  headers: IncomingHttpHeaders,
  cacheKey: string | undefined,
  conversation: string,
  session: string = sessionFromHeaders(headers),
): Pick<CodexRequest, 'identityHeaders' | 'codexClient' | 'sessionId' | 'affinity'> {
  const affinity = [
    ...(session ? [affinityKey('session', session)] : []),
    ...(cacheKey ? [affinityKey('cache', cacheKey)] : []),
    affinityKey('conversation', conversation),
  ];
  const sessionId = session || (cacheKey ? shortKey(cacheKey) : '');
  return { identityHeaders: identityHeaders(headers), codexClient: isCodexClient(headers), sessionId, affinity };
}

/** Whether the input ends with what the user says: only then a turn begins; tool outputs continue one. */
export const startsTurn = (items: readonly JsonObject[]): boolean => {
  const last = items.at(-1);
  return last?.type === 'message' && last.role === 'user';
};
