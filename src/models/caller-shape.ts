import type { IncomingHttpHeaders } from 'node:http';

/** Whether a caller of the model list, which all dialects share, reads the Anthropic shape. Its SDKs always send their version header; some of their relatives only the key. */
export const wantsAnthropicShape = (headers: IncomingHttpHeaders): boolean =>
  headers['anthropic-version'] !== undefined || (headers['x-api-key'] !== undefined && !headers.authorization);
