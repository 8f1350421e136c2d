import { wantsAnthropicShape } from '../../models/caller-shape.js';
import { MODELS_PATH } from '../../models/models-path.js';
import { anthropicAnswer } from '../shared/anthropic-error.js';
import { dialectPath, type Dialect } from '../shared/dialect.js';

const MESSAGES = dialectPath('messages(?:/.*)?');

/** Anthropic Messages. The model list is shared: there the caller decides, not the path. */
export const messagesDialect: Dialect = {
  name: 'messages',
  owns: ({ path, headers }) => MESSAGES.test(path) || (MODELS_PATH.test(path) && wantsAnthropicShape(headers)),
  routes: [{ path: dialectPath('messages(?:/count_tokens)?'), allow: 'POST' }],
  unserved: [
    {
      path: dialectPath('messages/batches(?:/.*)?'),
      why: 'Codex accounts cannot serve batches; send each message with POST /v1/messages.',
    },
  ],
  error: anthropicAnswer,
};
