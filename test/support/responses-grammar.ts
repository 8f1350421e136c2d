import { isDeepStrictEqual } from 'node:util';
import { OpenItem } from './responses-item-grammar.js';
import type { Json, SseFrame } from './sse-frames.js';

const TERMINALS = ['response.completed', 'response.incomplete', 'response.failed'];
const SNAPSHOTS = ['response.created', 'response.queued', 'response.in_progress', ...TERMINALS];
/** What every Response has at its end; typed clients read each of them without asking. */
const MEMBERS = [
  'id object created_at status background error incomplete_details instructions metadata model output parallel_tool_calls',
  'previous_response_id reasoning store temperature text tool_choice tools top_p truncation usage',
]
  .join(' ')
  .split(' ');

export interface ExpectedAnswer {
  /** The name the client used. */
  readonly model: string;
  /** Official Codex clients get events beyond the public API; those carry no number. */
  readonly codexClient: boolean;
  /** Upstream's numbers are kept although events that had one were not for this client: then they need only rise. */
  readonly gaps?: boolean;
}

/**
 * Reads a stream by the grammar `created event* (completed|incomplete|failed)` and says everything that breaks it: order and
 * numbers of events, the structure of items and parts, texts that differ from their deltas, snapshots and usage that are not whole.
 */
export function faultsOfStream(frames: readonly SseFrame[], expected: ExpectedAnswer): string[] {
  const reading = new StreamReading(expected);
  for (const frame of frames) if (frame.comment === null) reading.take(frame);
  reading.end();
  return reading.faults;
}

/** The same for a Response object in JSON. */
export function faultsOfResponse(response: Json, { model }: ExpectedAnswer): string[] {
  const faults = MEMBERS.filter((name) => !(name in response)).map((name) => `the response has no ${name}`);
  if (response.object !== 'response') faults.push(`object is ${response.object}`);
  if (response.model !== model) faults.push(`model is ${response.model}, not ${model}`);
  if (!Number.isInteger(response.created_at)) faults.push(`created_at is ${response.created_at}`);
  if (!Array.isArray(response.output)) return [...faults, 'output is no list'];
  for (const [i, item] of response.output.entries()) {
    if (!item.id || !item.type) faults.push(`output[${i}] has no id or type`);
    if (item.type === 'message' && !['completed', 'incomplete'].includes(item.status)) faults.push(`output[${i}] is ${item.status}`);
  }
  if (response.status === 'failed') {
    if (!response.error?.code || !response.error.message) faults.push(`failed, but error is ${JSON.stringify(response.error)}`);
    return faults;
  }
  if (response.error !== null) faults.push(`error is ${JSON.stringify(response.error)}`);
  if ((response.status === 'incomplete') !== (response.incomplete_details !== null))
    faults.push('incomplete_details does not fit the status');
  return [...faults, ...faultsOfUsage(response.usage)];
}

function faultsOfUsage(usage: Json): string[] {
  const counts = {
    input_tokens: usage?.input_tokens,
    cached_tokens: usage?.input_tokens_details?.cached_tokens,
    output_tokens: usage?.output_tokens,
    reasoning_tokens: usage?.output_tokens_details?.reasoning_tokens,
    total_tokens: usage?.total_tokens,
  };
  const faults = Object.entries(counts).flatMap(([name, n]) => (Number.isInteger(n) && n >= 0 ? [] : [`usage: ${name} is ${n}`]));
  if (faults.length === 0 && counts.total_tokens !== counts.input_tokens + counts.output_tokens) faults.push('usage: the total is no sum');
  return faults;
}

class StreamReading {
  readonly faults: string[] = [];
  readonly #items: OpenItem[] = [];
  #number = 0;
  #count = 0;
  #id: unknown;
  #ended = false;

  constructor(private readonly expected: ExpectedAnswer) {}

  take({ event, data }: SseFrame): void {
    if (data === null) return this.#fault('a frame without data');
    if (event !== data.type) this.#fault(`event ${event} carries ${data.type}`);
    if (this.#ended) this.#fault(`${data.type} after the end`);
    if (!String(data.type).startsWith('response.') || data.type.startsWith('response.metadata')) return this.#internal(data);
    if (this.#count++ === 0 && data.type !== 'response.created') this.#fault(`the first event is ${data.type}`);
    this.#numbered(data);
    if (SNAPSHOTS.includes(data.type)) this.#snapshot(data);
    else this.#item(data);
  }

  end(): void {
    if (!this.#ended) this.#fault('no terminal event');
  }

  #numbered({ type, sequence_number: number }: Json): void {
    const fine = this.expected.gaps ? number >= this.#number : number === this.#number;
    if (!fine) this.#fault(`${type} has number ${number}, not ${this.#number}`);
    this.#number = Number(number) + 1;
  }

  #internal({ type }: Json): void {
    if (!this.expected.codexClient) this.#fault(`${type} is not in the public API`);
  }

  #snapshot({ type, response }: Json): void {
    this.#id ??= response.id;
    if (!response.id || response.id !== this.#id) this.#fault(`${type} is about ${response.id}`);
    if (response.model !== this.expected.model) this.#fault(`${type} says the model is ${response.model}`);
    if (TERMINALS.includes(type)) return this.#terminal(type, response);
    if (this.#items.length > 0) this.#fault(`${type} after output`);
    if (type === 'response.created' && this.#number > 1) this.#fault('created twice');
    if (!['in_progress', 'queued'].includes(response.status)) this.#fault(`${type} has status ${response.status}`);
    if (!isDeepStrictEqual(response.output, [])) this.#fault(`${type} has output`);
  }

  #terminal(type: string, response: Json): void {
    this.#ended = true;
    if (type !== `response.${response.status}`) this.#fault(`${type} has status ${response.status}`);
    this.faults.push(...faultsOfResponse(response, this.expected).map((fault) => `${type}: ${fault}`));
    if (type === 'response.failed') return;
    for (const item of this.#items) if (!item.closed) this.#fault(`item ${item.id} has no end`);
    const told = this.#items.map(({ final }) => final);
    if (!isDeepStrictEqual(response.output, told))
      this.#fault(`${type}: output differs from the items told: ${JSON.stringify(response.output)}`);
  }

  #item(data: Json): void {
    const { output_index: index, type } = data;
    if (type === 'response.output_item.added') {
      if (index !== this.#items.length) this.#fault(`item ${index} comes as number ${this.#items.length}`);
      if (this.#items.some(({ id }) => id === data.item.id)) this.#fault(`two items are called ${data.item.id}`);
      this.#items.push(new OpenItem(data.item, this.faults));
      return;
    }
    if (index === undefined && this.expected.codexClient) return;
    const item = this.#items[index];
    if (!item) return this.#fault(`${type} of an item ${index} that nobody announced`);
    item.take(data);
  }

  #fault(text: string): void {
    this.faults.push(text);
  }
}
