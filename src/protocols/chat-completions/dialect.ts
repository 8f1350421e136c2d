import { dialectPath, type Dialect } from '../shared/dialect.js';
import { openAiAnswer } from '../shared/openai-error.js';
import { inChatTerms } from './chat-completions.errors.js';

const CHAT_COMPLETIONS = dialectPath('chat/completions(?:/.*)?');

/** OpenAI Chat Completions. */
export const chatCompletionsDialect: Dialect = {
  name: 'chat-completions',
  owns: ({ path }) => CHAT_COMPLETIONS.test(path),
  routes: [{ path: dialectPath('chat/completions'), allow: 'POST' }],
  unserved: [
    {
      path: dialectPath('chat/completions/.+'),
      why: 'Codex accounts cannot serve this: completions are not stored, so none can be looked up, changed or deleted.',
    },
  ],
  error: (error, request) => openAiAnswer(inChatTerms(error), request),
};
