import { detail } from '../refusal.js';
import { ScenarioContext, steps } from '../scenario.js';
import { Step, reply } from '../step.js';
import { messageEvents, pieces } from '../turn-items.js';
import { plainText } from './text.js';

/** A complete Response object where a stream was asked for. */
function wholeResponse(context: ScenarioContext): Step {
  const { turn } = context;
  turn.keepItems = true;
  turn.outputForm = 'filled';
  for (const _ of messageEvents(turn, pieces(plainText(context)))) void _;
  return reply({ status: 200, body: turn.completed().response });
}

/** Answers that are no stream of events, or never become one. */
export const SILENCE_SCENARIOS = {
  /** Accepts with 200, then nothing. */
  silence: steps(function* () {
    yield { do: 'headers' };
    yield { do: 'hang' };
  }),
  'silence-before-headers': steps(function* () {
    yield { do: 'hang' };
  }),
  'reset-before-headers': steps(function* () {
    yield { do: 'reset' };
  }),
  /** 200 and a clean end without a single event. */
  'no-events': steps(function* () {
    yield { do: 'headers' };
  }),
  /** 200 with a JSON body: `body=detail` (an error), `body=response` (a whole response). */
  'json-200': steps(function* (context) {
    const whole = context.params.text('body', 'detail') === 'response';
    yield whole ? wholeResponse(context) : reply(detail(200, context.params.text('text', 'Something went wrong')));
  }),
};
