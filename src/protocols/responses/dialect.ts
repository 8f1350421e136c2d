import { dialectPath, type Dialect } from '../shared/dialect.js';
import { openAiAnswer } from '../shared/openai-error.js';

const BASE = '(?:v1/){0,2}|backend-api/codex/';
const RESPONSES = dialectPath('responses(?:/.*)?', BASE);

/** OpenAI Responses, which is also what official Codex clients speak. */
export const responsesDialect: Dialect = {
  name: 'responses',
  owns: ({ path }) => RESPONSES.test(path),
  routes: [{ path: dialectPath('responses(?:/(?:compact|input_tokens))?', BASE), allow: 'POST' }],
  unserved: [
    {
      path: dialectPath('responses/.+', BASE),
      why: 'Codex accounts cannot serve this: responses are not stored, so none can be looked up, cancelled or deleted.',
    },
  ],
  error: openAiAnswer,
};
