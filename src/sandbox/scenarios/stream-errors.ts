import { JsonObject } from '../json.js';
import { ScenarioContext } from '../scenario.js';
import { Step, event, raw } from '../step.js';
import { ErrorWords } from '../turn.js';
import { CONTEXT_LENGTH_MESSAGE } from '../request.check.js';

const OVERLOADED = 'Our servers are currently overloaded. Please try again later.';

const WORDS: Record<string, ErrorWords> = {
  server_is_overloaded: { type: 'service_unavailable_error', code: 'server_is_overloaded', message: OVERLOADED },
  slow_down: { type: 'service_unavailable_error', code: 'slow_down', message: OVERLOADED },
  server_error: {
    type: 'server_error',
    code: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
  },
  internal_error: { type: 'server_error', code: 'internal_error', message: 'Internal error' },
  rate_limit_exceeded: {
    type: 'tokens',
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached for gpt-5.5 on tokens per min (TPM). Please try again in 1.5s.',
  },
  insufficient_quota: {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  usage_not_included: {
    type: 'usage_not_included',
    code: 'usage_not_included',
    message: 'To use Codex with your ChatGPT plan, upgrade to Plus.',
  },
  context_length_exceeded: {
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    message: CONTEXT_LENGTH_MESSAGE,
    param: 'input',
  },
  invalid_prompt: {
    type: 'invalid_request_error',
    code: 'invalid_prompt',
    message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.',
  },
  cyber_policy: {
    type: 'invalid_request_error',
    code: 'cyber_policy',
    message: 'This content was flagged for possible cybersecurity risk.',
  },
  bio_policy: { type: 'invalid_request_error', code: 'bio_policy', message: 'This content was flagged for possible biological risk.' },
};

function wordsOf({ params, account, nowMs }: ScenarioContext): ErrorWords {
  const code = params.text('code', 'server_is_overloaded');
  if (code !== 'usage_limit_reached') return WORDS[code] ?? { type: 'server_error', code, message: params.text('message', code) };
  const seconds = params.number('resets', 3_600);
  return {
    type: code,
    code,
    message: 'The usage limit has been reached',
    extra: { plan_type: account.plan, resets_at: Math.floor(nowMs / 1000) + seconds, resets_in_seconds: seconds },
  };
}

/**
 * An error inside a 200 stream. `form`: `both` (as captured: `error`, then `response.failed`), `error`, `failed`, `flat`
 * (`code` and `message` beside `type`), `bare` (no `type` at all), `json` (pretty-printed, not in a `data:` line).
 */
export function* failureSteps(context: ScenarioContext): Generator<Step, void, void> {
  const { turn, params } = context;
  const words = wordsOf(context);
  const { type, code, message } = words;
  const bare: JsonObject = { error: { type, code, message, param: words.param ?? null, ...words.extra } };
  switch (params.text('form', 'both')) {
    case 'error':
      return yield event(turn.error(words));
    case 'failed':
      return yield event(turn.failed(words));
    case 'flat':
      return yield event(turn.flatError(words));
    case 'bare':
      return yield raw(`data: ${JSON.stringify(bare)}\n\n`);
    case 'json':
      return yield raw(`${JSON.stringify(bare, null, 2)}\n`);
    default:
      yield event(turn.error(words));
      yield event(turn.failed(words));
  }
}
