import type { FastifyReply } from 'fastify';
import type { TurnHead } from '../../executor/turn-sink.js';

/** Beside the quota family `x-codex-*`, what official Codex clients read of an answer. */
const CODEX_ONLY = new Set(['x-reasoning-included']);

/** Milliseconds from the request to the headers of its answer. */
export const processingTime = (elapsedMs: number): Record<string, string> => ({ 'openai-processing-ms': String(Math.round(elapsedMs)) });

/** Headers of an answer in the OpenAI dialects. Upstream's own ones are for official Codex clients: nobody else can make sense of them. */
export function openAiHeaders(
  { upstreamHeaders, ignored }: Pick<TurnHead, 'upstreamHeaders' | 'ignored'>,
  codexClient: boolean,
  reply: FastifyReply,
): Record<string, string> {
  const headers = processingTime(reply.elapsedTime);
  if (ignored.length > 0) headers['x-gateway-ignored'] = ignored.join(', ');
  if (!codexClient) return headers;
  for (const name in upstreamHeaders) {
    if (name.startsWith('x-codex-') || CODEX_ONLY.has(name)) headers[name] = upstreamHeaders[name]!;
  }
  return headers;
}

/** Headers of an answer in the Anthropic dialect. `requestId`: the id that its SDKs read from `request-id`. */
export function anthropicHeaders({ ignored }: Pick<TurnHead, 'ignored'>, requestId: string): Record<string, string> {
  return { 'request-id': requestId, ...(ignored.length > 0 && { 'x-gateway-ignored': ignored.join(', ') }) };
}
