import type { Json } from './sse-frames.js';

/** What a client makes of a stream, and everything in it that breaks the grammar. */
export interface ChatReading {
  readonly faults: readonly string[];
  /** The completion that the chunks come to, in the shape of the JSON answer; null where the stream did not come to its end. */
  readonly completion: Json;
  /** The error that ended the stream. */
  readonly error: Json;
  readonly chunks: readonly Json[];
}

const DONE = '[DONE]';
const FINISH_REASONS = ['stop', 'length', 'content_filter', 'tool_calls', 'function_call'];
const TIERS = [undefined, 'default', 'priority'];
const ERROR_MEMBERS = 'message,type,param,code';
const TEXTS = ['content', 'refusal', 'reasoning_content'] as const;

/** The payload of each frame, in order. Throws on anything that is not whole frames of one data line each; comments are left out. */
export function payloadsOf(text: string): Json[] {
  if (text !== '' && !text.endsWith('\n\n')) throw new Error(`the stream ends inside a frame: ${JSON.stringify(text.slice(-200))}`);
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((frame) => !/^: [^\n]*$/.test(frame))
    .map((frame) => {
      const data = /^data: ([^\n]+)$/.exec(frame)?.[1];
      if (data === undefined) throw new Error(`not a frame: ${JSON.stringify(frame)}`);
      return data === DONE ? DONE : JSON.parse(data);
    });
}

/**
 * Reads a stream by the grammar `role-chunk (content | reasoning | refusal | images | header arguments*)* annotations? finish usage? DONE`, or any
 * beginning of it and an error. Deltas are joined as strict clients do it.
 */
export function readChatStream(text: string, includeUsage: boolean): ChatReading {
  const reading = new Reading(includeUsage);
  for (const payload of payloadsOf(text)) reading.take(payload);
  return reading.result();
}

/** Faults of a completion as JSON. */
export function faultsOfCompletion(completion: Json): string[] {
  const faults: string[] = [];
  const [choice] = completion.choices;
  const { message, finish_reason: finish } = choice;
  const calls = message.tool_calls ?? [];
  if (!/^chatcmpl-./.test(completion.id)) faults.push(`the id is ${completion.id}`);
  if (completion.object !== 'chat.completion' || message.role !== 'assistant') faults.push('object or role is wrong');
  if (!Number.isInteger(completion.created) || typeof completion.model !== 'string') faults.push('created or model is wrong');
  if (!TIERS.includes(completion.service_tier)) faults.push(`service_tier is ${completion.service_tier}`);
  if (completion.choices.length !== 1 || choice.index !== 0 || choice.logprobs !== null) faults.push('the choice is wrong');
  if (!FINISH_REASONS.includes(finish)) faults.push(`finish_reason is ${finish}`);
  if (finish === 'tool_calls' && calls.length === 0) faults.push('tool_calls without a call');
  if ((message.content === null) !== mayBeSilent(message)) faults.push(`content is ${JSON.stringify(message.content)}`);
  if (!Array.isArray(message.annotations) || !(message.refusal === null || message.refusal))
    faults.push('annotations or refusal are wrong');
  if (['tool_calls', 'reasoning_content', 'images'].some((name) => name in message && message[name].length === 0))
    faults.push('an empty member');
  if (calls.some((call: Json) => !call.id || !call[call.type]?.name)) faults.push('a call is not whole');
  if (calls.some((call: Json) => call.type === 'function' && call.function.arguments === '')) faults.push('a call without arguments');
  if (new Set(calls.map(({ id }: Json) => id)).size < calls.length) faults.push('two calls have one id');
  return completion.usage ? [...faults, ...faultsOfUsage(completion.usage)] : faults;
}

const mayBeSilent = ({ content, refusal, tool_calls: calls, function_call: call }: Json): boolean =>
  !content && Boolean(refusal || calls || call);

const faultsOfUsage = (usage: Json): string[] =>
  ['prompt_tokens', 'completion_tokens', 'total_tokens']
    .filter((name) => !Number.isInteger(usage[name]))
    .map((name) => `usage without ${name}`);

class Reading {
  readonly #faults: string[] = [];
  readonly #chunks: Json[] = [];
  readonly #texts = { content: '', refusal: '', reasoning_content: '' };
  readonly #calls: Json[] = [];
  readonly #images: Json[] = [];
  #functionCall: Json = null;
  #annotations: Json[] | null = null;
  /** Arguments may follow only what they belong to. */
  #inCall = false;
  #role = false;
  #finish: string | null = null;
  #usage: Json = null;
  #done = false;
  #error: Json = null;

  constructor(private readonly includeUsage: boolean) {}

  take(payload: Json): void {
    if (this.#done || this.#error) return this.#fault('something after the end');
    if (payload === DONE) return this.#end();
    if (payload.error) return this.#fail(payload);
    this.#chunks.push(payload);
    this.#envelope(payload);
    if (payload.choices.length === 0) return this.#takeUsage(payload);
    if (this.includeUsage ? payload.usage !== null : 'usage' in payload) this.#fault('usage where none belongs');
    const [choice] = payload.choices;
    if (Object.keys(choice).join() !== 'index,delta,logprobs,finish_reason' || choice.index !== 0 || choice.logprobs !== null)
      this.#fault('the choice is wrong');
    if (this.#finish !== null) return this.#fault('a delta after the finish');
    if (choice.finish_reason === null) return this.#delta(choice.delta);
    if (Object.keys(choice.delta).length > 0 || !this.#role) this.#fault('the finish has a delta, or comes first');
    this.#finish = choice.finish_reason;
  }

  result(): ChatReading {
    if (!this.#done && !this.#error) this.#fault('neither [DONE] nor an error');
    const completion = this.#done ? this.#completion() : null;
    const faults = completion ? [...this.#faults, ...faultsOfCompletion(completion)] : this.#faults;
    return { faults, completion, error: this.#error, chunks: this.#chunks };
  }

  #envelope({ id, object, created, model, service_tier: tier, choices, usage, ...rest }: Json): void {
    const first = this.#chunks[0];
    if (Object.keys(rest).length > 0) this.#fault(`unknown members ${Object.keys(rest).join()}`);
    if (object !== 'chat.completion.chunk' || !Array.isArray(choices)) this.#fault('object or choices are wrong');
    if (id !== first.id || created !== first.created || model !== first.model) this.#fault('the head of a chunk changes');
    if (!TIERS.includes(tier) || (usage === undefined) === this.includeUsage) this.#fault('tier or usage is wrong');
  }

  #takeUsage({ usage, choices: _none }: Json): void {
    if (this.#finish === null || this.#usage !== null || !usage) this.#fault('usage before the finish, twice, or empty');
    this.#usage = usage;
  }

  #delta(delta: Json): void {
    const names = Object.keys(delta);
    if (!this.#role) {
      if (JSON.stringify(delta) !== '{"role":"assistant","content":""}') this.#fault(`the first delta is ${JSON.stringify(delta)}`);
      this.#role = true;
      return;
    }
    if (names.length !== 1 || delta[names[0]!] === null) return this.#fault(`a delta has ${names.join()}`);
    if (this.#annotations !== null) this.#fault('a delta after the annotations');
    if ('tool_calls' in delta) return this.#toolCall(delta.tool_calls);
    if ('function_call' in delta) return this.#legacyCall(delta.function_call);
    this.#inCall = false;
    if ('images' in delta) this.#images.push(...delta.images);
    else if ('annotations' in delta) this.#annotations = delta.annotations;
    else this.#text(delta);
  }

  #text(delta: Json): void {
    const name = TEXTS.find((one) => one in delta);
    if (name === undefined || typeof delta[name] !== 'string' || delta[name] === '')
      return this.#fault(`a delta is ${JSON.stringify(delta)}`);
    this.#texts[name] += delta[name];
  }

  #toolCall([call, ...more]: Json[]): void {
    const { index, id, type, ...body } = call;
    if (more.length > 0) this.#fault('two calls in a delta');
    if (id !== undefined) {
      const member = type === 'custom' ? 'input' : 'arguments';
      if (index !== this.#calls.length) this.#fault(`call ${index} begins as number ${this.#calls.length}`);
      if (Object.keys(body).join() !== type || Object.keys(body[type]).join() !== `name,${member}` || body[type][member] !== '')
        this.#fault(`a call begins with ${JSON.stringify(call)}`);
      this.#calls.push({ id, type, [type]: { ...body[type] } });
      this.#inCall = true;
      return;
    }
    const last = this.#calls.at(-1);
    if (!this.#inCall || index !== this.#calls.length - 1) return this.#fault(`arguments of call ${index}, which is not open`);
    const member = last.type === 'custom' ? 'input' : 'arguments';
    const piece = body[last.type]?.[member];
    if (type !== undefined || Object.keys(body).join() !== last.type || Object.keys(body[last.type]).join() !== member || !piece)
      this.#fault(`a call goes on with ${JSON.stringify(call)}`);
    last[last.type][member] += piece;
  }

  #legacyCall(call: Json): void {
    if (this.#functionCall === null) {
      if (Object.keys(call).join() !== 'name,arguments' || call.arguments !== '') this.#fault('function_call begins wrong');
      this.#functionCall = { ...call };
      this.#inCall = true;
    } else if (!this.#inCall || Object.keys(call).join() !== 'arguments' || !call.arguments) this.#fault('function_call goes on wrong');
    else this.#functionCall.arguments += call.arguments;
  }

  #fail(payload: Json): void {
    const { error } = payload;
    if (Object.keys(payload).join() !== 'error' || Object.keys(error).join() !== ERROR_MEMBERS) this.#fault('the error has other members');
    if (!error.message || !error.type) this.#fault('an error without message or type');
    if (this.#finish !== null) this.#fault('an error after the finish');
    this.#error = error;
  }

  #end(): void {
    if (this.#finish === null) this.#fault('[DONE] without a finish');
    this.#done = true;
  }

  #completion(): Json {
    const last = this.#chunks.at(-1);
    const { content, refusal, reasoning_content: reasoning } = this.#texts;
    const message = {
      role: 'assistant',
      content,
      refusal: refusal || null,
      annotations: this.#annotations ?? [],
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      ...(this.#functionCall && { function_call: this.#functionCall }),
      ...(reasoning && { reasoning_content: reasoning }),
      ...(this.#images.length > 0 && { images: this.#images }),
    };
    return {
      id: last.id,
      object: 'chat.completion',
      created: last.created,
      model: last.model,
      ...(last.service_tier && { service_tier: last.service_tier }),
      choices: [
        { index: 0, message: { ...message, content: mayBeSilent(message) ? null : content }, logprobs: null, finish_reason: this.#finish },
      ],
      ...(this.#usage && { usage: this.#usage }),
    };
  }

  #fault(text: string): void {
    this.#faults.push(text);
  }
}
