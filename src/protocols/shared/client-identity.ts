import type { IncomingHttpHeaders } from 'node:http';
import { sha256 } from './digest.js';

const CODEX = /^codex/i;
export const LITE_HEADER = 'x-openai-internal-codex-responses-lite';

/** What an official Codex client says of itself; forwarded as it is. The session id travels apart. */
const IDENTITY_HEADERS = [
  'originator',
  'user-agent',
  'version',
  'thread-id',
  'x-client-request-id',
  'x-codex-window-id',
  'x-codex-turn-metadata',
  'x-codex-turn-state',
  'x-codex-parent-thread-id',
  'x-codex-installation-id',
  'x-openai-subagent',
  'x-openai-memgen-request',
  'x-codex-beta-features',
  'x-codex-routing-hint',
  'x-openai-internal-codex-residency',
  'traceparent',
  'tracestate',
];
/** Spellings of the conversation's id, strongest first. */
const SESSION_HEADERS = ['session-id', 'session_id', 'x-session-id', 'x-session-affinity', 'conversation_id'];
const HEADER_SAFE = /^[\x21-\x7e]{1,64}$/;

/** One header's value; the first where it came several times. */
export const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Official Codex clients name themselves in `originator` (`codex_cli_rs`, `codex_exec`, `Codex Desktop`, …). */
export const isCodexClient = (headers: IncomingHttpHeaders): boolean => CODEX.test(headerOf(headers, 'originator') ?? '');

export function identityHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const identity: Record<string, string> = {};
  if (!isCodexClient(headers)) return identity;
  for (const name of IDENTITY_HEADERS) {
    const value = headerOf(headers, name);
    if (value) identity[name] = value;
  }
  return identity;
}

/** Session ids and cache keys are refused beyond 64 characters: then their digest stands for them. */
export const shortKey = (key: string): string => (HEADER_SAFE.test(key) ? key : sha256(key));

/** The conversation's id from the headers, at most 64 characters; empty where the client named none. `extra`: a dialect's own spellings. */
export function sessionFromHeaders(headers: IncomingHttpHeaders, extra: readonly string[] = []): string {
  for (const name of [...SESSION_HEADERS, ...extra]) {
    const value = headerOf(headers, name)?.trim();
    if (value) return shortKey(value);
  }
  return '';
}

/** What holds a conversation on its account. Hashed, since they live in memory and in the database; scoped, so that kinds never meet. */
export const affinityKey = (kind: 'session' | 'cache' | 'conversation', value: string): string => `${kind}:${sha256(value).slice(0, 32)}`;
