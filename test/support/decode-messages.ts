import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../../src/config/config.js';
import { ModelKeys } from '../../src/config/keys/model.keys.js';
import type { ModelCatalogue } from '../../src/models/model-catalogue.service.js';
import { ModelResolver } from '../../src/models/model-resolver.service.js';
import { decodeMessages, type MessagesTurn } from '../../src/protocols/messages/messages.request.js';
import { encodeSignature } from '../../src/protocols/shared/reasoning-signature.js';
import { checkResponses } from '../../src/sandbox/request.check.js';
import type { JsonObject } from '../../src/upstream/upstream-event.js';

const keys = new ModelKeys();
/** The built-in table and the default aliases; nothing is known of a catalogue. */
const noCatalogue = { entries: [], touch: () => undefined, find: () => undefined, available: () => null };

export const { resolve } = new ModelResolver(
  { ...keys, modelAliases: { ...keys.modelAliases, 'mock-model': 'gpt-5.5' } } as unknown as Config,
  noCatalogue as unknown as ModelCatalogue,
);

/** Ciphertext in the backend's shape, as a whole: 57 bytes and a block of 16. */
export const SEALED = `gAAAAAB${'x'.repeat(91)}==`;

export const HI: JsonObject = { role: 'user', content: 'hi' };

export const decode = (body: JsonObject, headers: IncomingHttpHeaders = {}, dropEmptyArguments: readonly string[] = []): MessagesTurn =>
  decodeMessages({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [HI], ...body }, headers, resolve, { dropEmptyArguments });

export const sent = (body: JsonObject, headers: IncomingHttpHeaders = {}): JsonObject => decode(body, headers).request.body;

export const ignored = (body: JsonObject): readonly string[] => decode(body).request.ignored.filter((name) => name !== 'max_tokens');

/** The input items of a conversation. */
export const items = (...messages: unknown[]): JsonObject[] => decode({ messages }).request.body.input;

/** The input items of one user message with these blocks. */
export const userItems = (...content: unknown[]): JsonObject[] => items({ role: 'user', content });

/** The input items of one assistant message with these blocks, between two user messages that are left out. */
export const assistantItems = (...content: unknown[]): JsonObject[] => items(HI, { role: 'assistant', content }, HI).slice(1, -1);

export const user = (...content: JsonObject[]): JsonObject => ({ type: 'message', role: 'user', content });
export const assistant = (...content: JsonObject[]): JsonObject => ({ type: 'message', role: 'assistant', content });
export const developer = (...content: JsonObject[]): JsonObject => ({ type: 'message', role: 'developer', content });
export const text = (value: string): JsonObject => ({ type: 'text', text: value });
export const input = (value: string): JsonObject => ({ type: 'input_text', text: value });
export const output = (value: string): JsonObject => ({ type: 'output_text', text: value });

export const signature = (encryptedContent: string, scope = 'scope1'): string =>
  encodeSignature({ itemId: 'rs_1', encryptedContent, model: 'gpt-5.4', scope });

/** Why the backend would refuse the body; null: it would not. */
export const refusedByBackend = (body: JsonObject): unknown =>
  checkResponses({
    request: body,
    headers: {},
    plan: 'plus',
    ownModels: null,
    opens: () => true,
    anyModel: false,
    enforceContextWindow: true,
  });
