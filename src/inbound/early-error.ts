/**
 * Answers to requests that fail before any route is found (unreadable HTTP, bad URL): no controller or filter sees
 * them, so the dialect is guessed from the path.
 */
export const earlyErrorBody = (url: string, message: string, requestId: string): string =>
  url.includes('/messages')
    ? JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message }, request_id: requestId })
    : JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } });
