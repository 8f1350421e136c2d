import { Content, ScenarioContext } from './scenario.js';
import { rateLimitEvent } from './rate-limit-headers.js';
import { failureSteps } from './scenarios/stream-errors.js';
import { Step, event, raw, wait } from './step.js';

/** Parameters that every stream understands, whatever its content; docs/SANDBOX.md explains them. */
export const DELIVERY_PARAMS = [
  'head',
  'first',
  'delay',
  'last',
  'cut',
  'reset',
  'hang',
  'fail',
  'malformed',
  'framing',
  'chunk',
  'output',
  'usage',
  'terminal',
  'duplicate',
  'deltas',
  'rate-limits',
  'comments',
];

const PREAMBLE = new Set(['response.created', 'response.in_progress', 'response.queued', 'codex.rate_limits', 'codex.response.metadata']);
const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.done', 'error']);
const MALFORMED = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"bro\n\n';

const typeOf = (step: Step): string => (step.do === 'event' ? String(step.json.type) : '');
const isOutput = (step: Step): boolean => step.do === 'event' && !PREAMBLE.has(typeOf(step)) && !TERMINAL.has(typeOf(step));

/** The steps of a whole stream: lifecycle events around the content, then everything the parameters do to it. */
export function deliver(content: Content, context: ScenarioContext): Iterable<Step> {
  const { params, turn } = context;
  turn.outputForm = params.text('output', 'empty') as typeof turn.outputForm;
  turn.keepItems = turn.outputForm === 'filled';
  turn.omitUsage = params.text('usage', '') === 'none';
  return pace(end(disturb(frame(content, context), context), context), context);
}

function* frame(content: Content, context: ScenarioContext): Generator<Step, void, void> {
  const { params, turn, account } = context;
  yield event(turn.created());
  yield event(turn.inProgress());
  if (params.flag('rate-limits')) {
    yield event(rateLimitEvent(account.quota, account.plan));
    yield event({ type: 'codex.response.metadata', headers: { 'openai-model': turn.facts.request.model } });
  }
  const body = content(context);
  for (let next = body.next(); ; next = body.next()) {
    if (!next.done) yield event(next.value);
    else return yield event(next.value ?? turn.completed(params.text('terminal', '') === 'done' ? 'response.done' : undefined));
  }
}

/** Drops deltas, doubles events, puts comments and broken frames between them. */
function* disturb(stream: Iterable<Step>, { params }: ScenarioContext): Generator<Step, void, void> {
  const malformedAt = params.has('malformed') ? params.number('malformed', 0) : -1;
  let outputs = 0;
  for (const step of stream) {
    if (params.text('deltas', '') === 'drop' && typeOf(step).endsWith('.delta')) continue;
    if (outputs === malformedAt && (isOutput(step) || TERMINAL.has(typeOf(step)))) yield raw(MALFORMED);
    if (params.flag('comments')) yield raw(': keep-alive\n\n');
    yield step;
    if (params.flag('duplicate') && !TERMINAL.has(typeOf(step))) yield step;
    if (isOutput(step)) outputs++;
  }
}

/** Ends the stream early: after N output events it is cut, reset, silent, or fails. */
function* end(stream: Iterable<Step>, context: ScenarioContext): Generator<Step, void, void> {
  const { params } = context;
  const way = ['cut', 'reset', 'hang', 'fail'].find((name) => params.has(name));
  const after = way ? params.number(way, 0) : Infinity;
  let outputs = 0;
  for (const step of stream) {
    if (outputs >= after && (isOutput(step) || TERMINAL.has(typeOf(step)))) {
      if (step.do === 'event') context.turn.takeBack(step.json);
      if (way === 'reset') yield { do: 'reset' };
      if (way === 'hang') yield { do: 'hang' };
      if (way === 'fail') yield* failureSteps(context);
      return;
    }
    yield step;
    if (isOutput(step)) outputs++;
  }
}

/** Waits: `head` before the headers, `first` before the first output, `delay` before each delta, `last` before the terminal event. */
function* pace(stream: Iterable<Step>, { params }: ScenarioContext): Generator<Step, void, void> {
  const [head, first, delay, last] = ['head', 'first', 'delay', 'last'].map((name) => params.number(name, 0));
  let begun = false;
  if (head! > 0) yield wait(head!);
  for (const step of stream) {
    if (first! > 0 && !begun && isOutput(step)) yield wait(first!);
    begun ||= isOutput(step);
    if (delay! > 0 && typeOf(step).endsWith('.delta')) yield wait(delay!);
    if (last! > 0 && TERMINAL.has(typeOf(step))) yield wait(last!);
    yield step;
  }
}
