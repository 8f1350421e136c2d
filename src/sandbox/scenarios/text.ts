import { openToolOutputs } from '../conversation.js';
import { JsonObject, isObject } from '../json.js';
import { digest } from '../made-up.js';
import { ScenarioContext, content } from '../scenario.js';
import { sampleOf } from '../schema-sample.js';
import { callOf, forcedTool } from '../tool-pick.js';
import { messageEvents, pieces, reasoningEvents, refusalEvents, toolCallEvents, wantsSummary } from '../turn-items.js';

const SHOWN = 400;
/** `long` starts a new message at this size, so that no single event grows without bound. */
const MESSAGE_BYTES = 1 << 20;
const PARAGRAPHS = ['**Reading the request**\n\nThe user wants an answer.', '**Writing the answer**\n\nA short one will do.'];

/** What the backend says when nothing else is asked for: it quotes open tool outputs, keeps to a JSON format, else quotes the prompt. */
export function plainText({ request, prompt, params }: ScenarioContext): string {
  if (params.has('text')) return params.text('text', '');
  const outputs = openToolOutputs(request.input);
  const format = isObject(request.text) && isObject(request.text.format) ? request.text.format : {};
  if (format.type === 'json_schema') return JSON.stringify(sampleOf(format.schema));
  if (format.type === 'json_object') return JSON.stringify({ answer: 'sandbox' });
  if (outputs.length > 0) return `The tool answered: ${outputs.join('\n').slice(0, SHOWN)}`;
  const short = prompt.length > 80 ? `${prompt.slice(0, 80)}…` : prompt;
  return `Sandbox answer ${digest(prompt).slice(0, 6)}: you wrote "${short}" (${prompt.length} characters).`;
}

function* answerEvents(context: ScenarioContext): Generator<JsonObject, void, void> {
  const { turn, request, params } = context;
  const tool = params.has('text') || openToolOutputs(request.input).length > 0 ? null : forcedTool(request);
  yield* tool ? toolCallEvents(turn, [callOf(tool)]) : messageEvents(turn, pieces(plainText(context)));
}

function* reasoningThenText(context: ScenarioContext): Generator<JsonObject, void, void> {
  const { turn, request, params } = context;
  const shown = wantsSummary(request) || params.text('summary', '') === 'always';
  const count = params.number('parts', PARAGRAPHS.length);
  const paragraphs = Array.from({ length: count }, (_, i) => PARAGRAPHS[i % PARAGRAPHS.length]!);
  yield* reasoningEvents(turn, shown ? paragraphs : []);
  yield* messageEvents(turn, pieces(plainText(context)));
}

function* longText({ turn, params }: ScenarioContext): Generator<JsonObject, void, void> {
  const total = params.number('n', 100);
  const size = params.number('size', 8);
  const perMessage = Math.max(1, Math.floor(MESSAGE_BYTES / size));
  for (let from = 0; from < total; from += perMessage) {
    yield* messageEvents(turn, numbered(from, Math.min(total, from + perMessage), size));
  }
}

function* numbered(from: number, to: number, size: number): Generator<string> {
  for (let i = from; i < to; i++) yield ` ${i}`.padEnd(size, '.');
}

function* commentary(context: ScenarioContext): Generator<JsonObject, void, void> {
  yield* messageEvents(context.turn, pieces('Let me look at that.'), { phase: 'commentary' });
  yield* messageEvents(context.turn, pieces(plainText(context)), { phase: 'final_answer' });
}

export const TEXT_SCENARIOS = {
  text: content(answerEvents),
  reasoning: content(reasoningThenText),
  long: content(longText),
  commentary: content(commentary),
  refusal: content(({ turn, params }) => refusalEvents(turn, pieces(params.text('text', "I'm sorry, but I can't help with that.")))),
  incomplete: content(function* (context) {
    const { turn, params } = context;
    yield* messageEvents(turn, pieces(plainText(context)), { status: 'incomplete' });
    return turn.incomplete(params.text('reason', 'max_output_tokens'));
  }),
  /** A turn that completes without items and without output tokens. */
  empty: content(function* () {
    // nothing
  }),
};
