import { JsonObject, isObject, listOf } from './json.js';
import { Turn } from './turn.js';

type Events = Generator<JsonObject, void, void>;

/** Pieces of about a token each; joined they are the text again. */
export const pieces = (text: string): string[] => text.match(/\s*\S{1,6}|\s+/gu) ?? [];

export interface MessageOptions {
  readonly phase?: string;
  readonly annotations?: readonly JsonObject[];
  /** The status of the finished item; `incomplete` when the answer was cut short. */
  readonly status?: string;
}

/** One assistant message with one text part. */
export function* messageEvents(turn: Turn, deltas: Iterable<string>, options: MessageOptions = {}): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('msg', index);
  const at = { content_index: 0, item_id: id, output_index: index };
  const item = (status: string, content: unknown[]): JsonObject => messageItem(id, status, content, options.phase);
  yield turn.itemAdded(index, item('in_progress', []));
  yield turn.event('response.content_part.added', { ...at, part: textPart('', []) });
  let text = '';
  for (const delta of deltas) {
    text += delta;
    yield turn.delta('response.output_text.delta', { ...at, delta, logprobs: [] });
  }
  const annotations = options.annotations ?? [];
  for (const [i, annotation] of annotations.entries()) {
    yield turn.event('response.output_text.annotation.added', { ...at, annotation, annotation_index: i });
  }
  yield turn.event('response.output_text.done', { ...at, logprobs: [], text });
  yield turn.event('response.content_part.done', { ...at, part: textPart(text, annotations) });
  yield turn.itemDone(index, item(options.status ?? 'completed', [textPart(text, annotations)]));
}

/** One assistant message that declines. */
export function* refusalEvents(turn: Turn, deltas: Iterable<string>): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('msg', index);
  const at = { content_index: 0, item_id: id, output_index: index };
  yield turn.itemAdded(index, messageItem(id, 'in_progress', []));
  yield turn.event('response.content_part.added', { ...at, part: { type: 'refusal', refusal: '' } });
  let refusal = '';
  for (const delta of deltas) {
    refusal += delta;
    yield turn.delta('response.refusal.delta', { ...at, delta });
  }
  yield turn.event('response.refusal.done', { ...at, refusal });
  yield turn.event('response.content_part.done', { ...at, part: { type: 'refusal', refusal } });
  yield turn.itemDone(index, messageItem(id, 'completed', [{ type: 'refusal', refusal }]));
}

/** One reasoning item: summary paragraphs (may be none) and a ciphertext if the request includes it. The one in `added` is provisional. */
export function* reasoningEvents(turn: Turn, paragraphs: readonly string[], blocks = 24): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('rs', index);
  const sealed = listOf(turn.facts.request.include).includes('reasoning.encrypted_content');
  const item = (about: string, summary: unknown[], size: number): JsonObject => ({
    id,
    type: 'reasoning',
    ...(sealed ? { encrypted_content: turn.facts.seal(`${id} ${about}`, size) } : {}),
    summary,
  });
  yield turn.itemAdded(index, item('provisional', [], 1));
  for (const [i, text] of paragraphs.entries()) yield* summaryEvents(turn, { item_id: id, output_index: index, summary_index: i }, text);
  turn.reasoningTokens += 64;
  turn.outputTokens += 64;
  const summary = paragraphs.map((text) => ({ type: 'summary_text', text }));
  yield turn.itemDone(index, item('final', summary, blocks));
}

function* summaryEvents(turn: Turn, at: JsonObject, text: string): Events {
  yield turn.event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
  for (const delta of pieces(text)) {
    yield turn.delta('response.reasoning_summary_text.delta', { ...at, delta });
    turn.reasoningTokens++;
  }
  yield turn.event('response.reasoning_summary_text.done', { ...at, text });
  yield turn.event('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text } });
}

/** A call of a declared tool. `payload` is the JSON text of the arguments, or the raw input of a custom tool. */
export interface ToolCall {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly namespace?: string;
  readonly payload: string;
}

/** One or more calls; the deltas of several are interleaved, as parallel calls are. */
export function* toolCallEvents(turn: Turn, calls: readonly ToolCall[]): Events {
  const open = calls.map((call) => new OpenCall(turn, call));
  for (const call of open) yield call.added();
  for (let row = 0; open.some((call) => row < call.deltas.length); row++) {
    for (const call of open) if (row < call.deltas.length) yield call.delta(row);
  }
  for (const call of open) yield* call.done();
}

class OpenCall {
  readonly deltas: string[];
  readonly #index: number;
  readonly #id: string;
  readonly #family: string;
  readonly #payloadKey: 'arguments' | 'input';

  constructor(
    private readonly turn: Turn,
    private readonly call: ToolCall,
  ) {
    const custom = call.kind === 'custom';
    this.#index = turn.takeIndex();
    this.#id = turn.itemId(custom ? 'ctc' : 'fc', this.#index);
    this.#family = custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
    this.#payloadKey = custom ? 'input' : 'arguments';
    this.deltas = call.payload.match(/[\s\S]{1,5}/gu) ?? [];
  }

  added(): JsonObject {
    return this.turn.itemAdded(this.#index, this.#item('in_progress', ''));
  }

  delta(row: number): JsonObject {
    return this.turn.delta(`${this.#family}.delta`, { delta: this.deltas[row], item_id: this.#id, output_index: this.#index });
  }

  *done(): Events {
    const at = { item_id: this.#id, output_index: this.#index };
    yield this.turn.event(`${this.#family}.done`, { ...at, [this.#payloadKey]: this.call.payload });
    yield this.turn.itemDone(this.#index, this.#item('completed', this.call.payload));
  }

  #item(status: string, payload: string): JsonObject {
    return {
      id: this.#id,
      type: this.call.kind === 'custom' ? 'custom_tool_call' : 'function_call',
      status,
      [this.#payloadKey]: payload,
      call_id: this.turn.callId(this.#index),
      name: this.call.name,
      ...(this.call.namespace ? { namespace: this.call.namespace } : {}),
    };
  }
}

const textPart = (text: string, annotations: readonly JsonObject[]): JsonObject => ({
  type: 'output_text',
  annotations,
  logprobs: [],
  text,
});

const messageItem = (id: string, status: string, content: unknown[], phase?: string): JsonObject => ({
  id,
  type: 'message',
  status,
  content,
  ...(phase ? { phase } : {}),
  role: 'assistant',
});

/** Whether the request asks for reasoning summaries; without it the backend sends none. */
export const wantsSummary = (request: JsonObject): boolean => isObject(request.reasoning) && typeof request.reasoning.summary === 'string';
