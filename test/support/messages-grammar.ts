import { parseCutObject } from '../../src/protocols/messages/partial-json.js';
import type { Json, SseFrame } from './sse-frames.js';

/** What a client makes of a stream, and everything in it that breaks the grammar. */
export interface MessagesReading {
  readonly faults: readonly string[];
  /** The message as the official library accumulates it; null where the stream did not come to its end. */
  readonly message: Json;
  /** `error.type` and `error.message` of the frame that ended the stream. */
  readonly error: Json;
}

const START_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text'],
  thinking: ['type', 'thinking', 'signature'],
  tool_use: ['type', 'id', 'name', 'input'],
  server_tool_use: ['type', 'id', 'name', 'input'],
  web_search_tool_result: ['type', 'tool_use_id', 'content'],
};
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
  web_search_tool_result: [],
};
const STOP_REASONS = ['end_turn', 'tool_use', 'max_tokens', 'stop_sequence', 'refusal', 'model_context_window_exceeded'];
/** Members of other dialects that must not get into this one's usage. */
const FOREIGN_USAGE = ['total_tokens', 'reasoning_tokens', 'prompt_tokens', 'completion_tokens'];

/**
 * Reads a stream by the grammar `message_start block* message_delta message_stop`, a block being `start delta* stop` with indices from 0 on;
 * pings anywhere after `message_start`, and `error` instead of anything from there on. Blocks are filled as the official library does it.
 */
export function readMessagesStream(frames: readonly SseFrame[]): MessagesReading {
  const reading = new Reading();
  for (const frame of frames) reading.take(frame);
  return reading.result();
}

/** Faults of a message as JSON. */
export function faultsOfMessage(message: Json): string[] {
  const faults: string[] = [];
  if (!/^msg_./.test(message.id)) faults.push(`the id is ${message.id}`);
  if (message.type !== 'message' || message.role !== 'assistant') faults.push('type or role is wrong');
  if (!STOP_REASONS.includes(message.stop_reason)) faults.push(`stop_reason is ${message.stop_reason}`);
  if ((message.stop_reason === 'stop_sequence') !== (typeof message.stop_sequence === 'string')) faults.push('stop_sequence does not fit');
  if ((message.stop_reason === 'refusal') !== (message.stop_details !== null)) faults.push('stop_details do not fit');
  const calls = message.content.filter(({ type }: Json) => type === 'tool_use');
  if (message.stop_reason === 'tool_use' && calls.length === 0) faults.push('tool_use without a call');
  if (message.stop_reason === 'end_turn' && calls.length > 0) faults.push('end_turn with a call');
  if (calls.some(({ id, name, input }: Json) => !id || !name || typeof input !== 'object')) faults.push('a call is not whole');
  if (new Set(calls.map(({ id }: Json) => id)).size < calls.length) faults.push('two calls have one id');
  return [...faults, ...faultsOfUsage(message.usage)];
}

function faultsOfUsage(usage: Json): string[] {
  const names = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'];
  return [
    ...names.filter((name) => !Number.isInteger(usage?.[name]) || usage[name] < 0).map((name) => `usage: ${name} is ${usage?.[name]}`),
    ...FOREIGN_USAGE.filter((name) => name in (usage ?? {})).map((name) => `usage has ${name}`),
  ];
}

class Reading {
  readonly #faults: string[] = [];
  #message: Json = null;
  /** Arguments of the open block; null: no block is open. */
  #json: string | null = null;
  #signed = false;
  #delta = false;
  #stopped = false;
  #error: Json = null;

  take({ event, data, comment }: SseFrame): void {
    if (comment !== null || data === null) return this.#fault('a comment, or a frame without data');
    if (event !== data.type) this.#fault(`event ${event} carries ${data.type}`);
    if (this.#stopped || this.#error) return this.#fault(`${data.type} after the end`);
    if (data.type === 'error') return this.#fail(data);
    if (data.type === 'message_start') return this.#start(data.message);
    if (!this.#message) return this.#fault(`the first event is ${data.type}`);
    if (data.type === 'ping') return;
    if (this.#delta && data.type !== 'message_stop') return this.#fault(`${data.type} after message_delta`);
    this.#inside(data);
  }

  result(): MessagesReading {
    if (!this.#stopped && !this.#error) this.#fault('neither message_stop nor error');
    const message = this.#stopped ? this.#message : null;
    return { faults: message ? [...this.#faults, ...faultsOfMessage(message)] : this.#faults, message, error: this.#error };
  }

  #start(message: Json): void {
    if (this.#message) return this.#fault('message_start twice');
    if (message.content.length > 0 || message.stop_reason !== null || message.stop_sequence !== null) this.#fault('it starts with an end');
    this.#faults.push(...faultsOfUsage(message.usage).map((fault) => `start: ${fault}`));
    this.#message = structuredClone(message);
  }

  #inside(data: Json): void {
    switch (data.type) {
      case 'content_block_start':
        return this.#startBlock(data);
      case 'content_block_delta':
        return this.#fill(data);
      case 'content_block_stop':
        return this.#stopBlock(data);
      case 'message_delta':
        if (this.#json !== null) this.#fault('message_delta inside a block');
        this.#delta = true;
        Object.assign(this.#message, data.delta);
        Object.assign(this.#message.usage, data.usage);
        return;
      case 'message_stop':
        if (!this.#delta) this.#fault('message_stop without message_delta');
        this.#stopped = true;
        return;
      default:
        this.#fault(`unknown event ${data.type}`);
    }
  }

  #startBlock({ index, content_block: block }: Json): void {
    if (this.#json !== null) this.#fault(`block ${index} starts inside another one`);
    if (index !== this.#message.content.length) this.#fault(`block ${index} comes as number ${this.#message.content.length}`);
    const members = Object.keys(block).join();
    if (members !== START_MEMBERS[block.type]?.join()) this.#fault(`a ${block.type} block starts with ${members}`);
    if (block.text || block.thinking || block.signature) this.#fault('a block starts with content');
    this.#json = '';
    this.#signed = false;
    this.#message.content.push(structuredClone(block));
  }

  #fill({ index, delta }: Json): void {
    const block = this.#message.content.at(-1);
    if (this.#json === null || index !== this.#message.content.length - 1)
      return this.#fault(`a delta of block ${index}, which is not open`);
    if (!DELTAS[block.type]?.includes(delta.type)) return this.#fault(`${delta.type} in a ${block.type} block`);
    if (this.#signed) this.#fault(`${delta.type} after the signature`);
    if (delta.type === 'text_delta') block.text += delta.text;
    else if (delta.type === 'thinking_delta') block.thinking += delta.thinking;
    else if (delta.type === 'citations_delta') (block.citations ??= []).push(delta.citation);
    else if (delta.type === 'input_json_delta') this.#json += delta.partial_json;
    else this.#sign(block, delta.signature);
  }

  #sign(block: Json, signature: string): void {
    if (signature === '') this.#fault('an empty signature');
    block.signature = signature;
    this.#signed = true;
  }

  #stopBlock({ index }: Json): void {
    const block = this.#message.content.at(-1);
    if (this.#json === null || index !== this.#message.content.length - 1) return this.#fault(`block ${index} stops, but is not open`);
    if ('input' in block) block.input = parseCutObject(this.#json);
    this.#json = null;
  }

  #fail({ error, request_id: id }: Json): void {
    if (!error?.type || !error.message || !id) this.#fault('an error without type, message or request id');
    this.#error = error;
  }

  #fault(text: string): void {
    this.#faults.push(text);
  }
}
