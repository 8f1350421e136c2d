import { CodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { JsonObject } from '../../src/sandbox/json.js';
import { AccountRef } from '../../src/sandbox/sandbox-accounts.js';

/** The smallest body that the backend accepts, with these members over it. */
export const minimalRequest = (prompt: string, extra: JsonObject = {}): JsonObject => ({
  model: 'gpt-5.5',
  instructions: '',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }],
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
  ...extra,
});

/** Headers with which an account calls the backend. */
export function accountHeaders(backend: CodexBackend, ref: AccountRef = 1): Record<string, string> {
  const { accessToken, accountId } = backend.state.current(ref);
  return { authorization: `Bearer ${accessToken}`, 'chatgpt-account-id': accountId, 'content-type': 'application/json' };
}

/** Calls `POST /codex/responses` directly, as the gateway would: for specs that test the backend itself. */
export function callBackend(backend: CodexBackend, request: JsonObject, ref: AccountRef = 1, signal?: AbortSignal): Promise<Response> {
  return fetch(`${backend.baseUrl}/responses`, {
    method: 'POST',
    headers: accountHeaders(backend, ref),
    body: JSON.stringify(request),
    signal,
  });
}

export const ask = (backend: CodexBackend, prompt: string, extra: JsonObject = {}, ref: AccountRef = 1): Promise<Response> =>
  callBackend(backend, minimalRequest(prompt, extra), ref);

/** The events of an ordinarily framed stream. */
export const eventsOf = (text: string): JsonObject[] =>
  text
    .split('\n\n')
    .map((frame) => /^data: (.*)$/m.exec(frame)?.[1])
    .filter((data) => data !== undefined)
    .map((data) => JSON.parse(data) as JsonObject);

export const eventTypes = (text: string): unknown[] => eventsOf(text).map((event) => event.type);
