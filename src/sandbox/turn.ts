import { JsonObject, isObject } from './json.js';
import { countedId } from './made-up.js';

/** What one answer is made from. */
export interface TurnFacts {
  /** Counts up over all answers of the backend; every id of the answer comes from it. */
  readonly number: number;
  readonly request: JsonObject;
  readonly createdAtSec: number;
  readonly userId: string;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** Ciphertext of the calling account; `about` makes it unique. */
  readonly seal: (about: string, blocks: number) => string;
}

export interface ErrorWords {
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
  readonly param?: string | null;
  /** Further members (`plan_type`, `resets_at` …). */
  readonly extra?: JsonObject;
}

/** How the terminal event lists the output: the backend leaves it empty as a rule. */
export type OutputForm = 'empty' | 'filled' | 'missing';

const PADDING = 'q7Rk2LmZx9TbVw3P';

/** Builds the events of one answer in the backend's shape: `type` first, other members in alphabetical order, numbered as they are made. */
export class Turn {
  readonly id: string;
  /** Finished items by output index, kept only when the terminal event is to list them. */
  readonly items: JsonObject[] = [];
  outputTokens = 0;
  reasoningTokens = 0;
  keepItems = false;
  outputForm: OutputForm = 'empty';
  /** Leaves `usage` out of the terminal event. */
  omitUsage = false;
  #sequence = 0;
  #nextIndex = 0;

  constructor(readonly facts: TurnFacts) {
    this.id = countedId('resp', facts.number, 'turn');
  }

  takeIndex(): number {
    return this.#nextIndex++;
  }

  /** Gives back the number of an event that was made but is not sent. */
  takeBack(event: JsonObject): void {
    this.#sequence = Number(event.sequence_number);
  }

  itemId(prefix: string, index: number): string {
    return countedId(prefix, this.facts.number, index);
  }

  callId(index: number): string {
    return countedId('call', this.facts.number, index, 16);
  }

  event(type: string, fields: JsonObject): JsonObject {
    const all: JsonObject = { ...fields, sequence_number: this.#sequence++ };
    const sorted: JsonObject = { type };
    for (const key of Object.keys(all).sort()) sorted[key] = all[key];
    return sorted;
  }

  /** A delta, padded as the backend pads it unless the request declines (`stream_options.include_obfuscation: false`). */
  delta(type: string, fields: JsonObject): JsonObject {
    this.outputTokens++;
    const options = this.facts.request.stream_options;
    if (isObject(options) && options.include_obfuscation === false) return this.event(type, fields);
    return this.event(type, { ...fields, obfuscation: PADDING.slice(this.#sequence % 12) });
  }

  created(): JsonObject {
    return this.event('response.created', { response: this.snapshot('in_progress') });
  }

  inProgress(): JsonObject {
    return this.event('response.in_progress', { response: this.snapshot('in_progress') });
  }

  itemAdded(index: number, item: JsonObject): JsonObject {
    return this.event('response.output_item.added', { item, output_index: index });
  }

  itemDone(index: number, item: JsonObject): JsonObject {
    if (this.keepItems) this.items[index] = item;
    return this.event('response.output_item.done', { item, output_index: index });
  }

  completed(type = 'response.completed'): JsonObject {
    return this.event(type, { response: this.#final('completed') });
  }

  incomplete(reason: string): JsonObject {
    return this.event('response.incomplete', { response: { ...this.#final('incomplete'), incomplete_details: { reason } } });
  }

  failed(error: ErrorWords): JsonObject {
    const response = { ...this.snapshot('failed'), error: { code: error.code, message: error.message, ...error.extra } };
    return this.event('response.failed', { response });
  }

  error(error: ErrorWords): JsonObject {
    const { type, code, message } = error;
    return this.event('error', { error: { type, code, message, param: error.param ?? null, ...error.extra } });
  }

  flatError(error: ErrorWords): JsonObject {
    return this.event('error', { code: error.code, message: error.message, param: error.param ?? null });
  }

  usage(): JsonObject {
    const { inputTokens, cachedTokens } = this.facts;
    return {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: cachedTokens },
      output_tokens: this.outputTokens,
      output_tokens_details: { reasoning_tokens: this.reasoningTokens },
      total_tokens: inputTokens + this.outputTokens,
    };
  }

  /** The response object with the echo of the request. */
  snapshot(status: string): JsonObject {
    const { request, createdAtSec, userId } = this.facts;
    const reasoning = isObject(request.reasoning) ? request.reasoning : {};
    const text = isObject(request.text) ? request.text : {};
    return {
      id: this.id,
      object: 'response',
      created_at: createdAtSec,
      status,
      background: false,
      completed_at: status === 'completed' ? createdAtSec : null,
      error: null,
      frequency_penalty: 0,
      incomplete_details: null,
      instructions: request.instructions ?? null,
      max_output_tokens: null,
      max_tool_calls: null,
      model: request.model,
      output: [],
      parallel_tool_calls: request.parallel_tool_calls ?? true,
      presence_penalty: 0,
      previous_response_id: null,
      prompt_cache_key: request.prompt_cache_key ?? null,
      prompt_cache_retention: null,
      reasoning: { effort: reasoning.effort ?? 'medium', summary: reasoning.summary ?? null },
      safety_identifier: userId,
      service_tier: status === 'in_progress' ? 'auto' : 'default',
      store: false,
      temperature: 1,
      text: { format: text.format ?? { type: 'text' }, verbosity: text.verbosity ?? 'medium' },
      tool_choice: request.tool_choice ?? 'auto',
      tools: request.tools ?? [],
      top_logprobs: 0,
      top_p: 1,
      truncation: 'disabled',
      usage: null,
      user: null,
      metadata: {},
    };
  }

  #final(status: string): JsonObject {
    const response = this.snapshot(status);
    response.output = this.outputForm === 'filled' ? this.items : [];
    response.usage = this.usage();
    if (this.outputForm === 'missing') delete response.output;
    if (this.omitUsage) delete response.usage;
    return response;
  }
}
