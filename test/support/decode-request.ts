import { GatewayError } from '../../src/common/gateway-error.js';
import type { ResolvedModel } from '../../src/models/resolved-model.js';
import { decodeResponses, type ResponsesTurn } from '../../src/protocols/responses/responses.request.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';

export const CIPHER = `gAAAAAB${'x'.repeat(93)}`;

export const resolveWith =
  (change: Partial<ResolvedModel> = {}) =>
  (name: string, asked: { effort?: string | null } = {}): ResolvedModel => ({
    requested: name,
    slug: name.replace(/-fast$/, ''),
    effort: asked.effort ?? null,
    askedEffort: asked.effort ?? null,
    priority: name.endsWith('-fast'),
    supportsVerbosity: true,
    supportsSummary: true,
    image: false,
    ...change,
  });

export const decode = (body: JsonObject, headers: Record<string, string> = {}, model: Partial<ResolvedModel> = {}): ResponsesTurn =>
  decodeResponses({ model: 'gpt-5.4', input: 'hi', ...body }, headers, resolveWith(model));
export const sent = (body: JsonObject, headers: Record<string, string> = {}): JsonObject => decode(body, headers).request.body;
export const items = (...input: unknown[]): unknown => sent({ input }).input;
export const codex = { originator: 'codex_cli_rs' };

export const refusal = (run: () => unknown): GatewayError => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

export const TOOL = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } };
