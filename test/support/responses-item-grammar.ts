import type { Json } from './sse-frames.js';

interface Part {
  readonly kind: string;
  text: string;
  /** Its text has been told as a whole. */
  told: boolean;
  closed: boolean;
}

interface PartFamily {
  /** Prefix of its delta and done events. */
  readonly text: RegExp;
  readonly index: 'content_index' | 'summary_index';
  /** Where the finished item has its parts. */
  readonly list: 'content' | 'summary';
}

const PART_FAMILIES: readonly PartFamily[] = [
  { text: /^response\.(output_text|refusal|reasoning_text)\.(delta|done)$/, index: 'content_index', list: 'content' },
  { text: /^response\.(reasoning_summary_text)\.(delta|done)$/, index: 'summary_index', list: 'summary' },
];
const PART_EDGE = /^response\.(content_part|reasoning_summary_part)\.(added|done)$/;
const PAYLOAD = /^response\.(function_call_arguments|custom_tool_call_input)\.(delta|done)$/;
const PAYLOAD_MEMBER: Readonly<Record<string, string>> = { function_call: 'arguments', custom_tool_call: 'input' };
const textOf = (part: Json): string => part.text ?? part.refusal;

/** One output item from its announcement to its end; what breaks the rules goes to `faults`. */
export class OpenItem {
  readonly id: string;
  closed = false;
  final: Json = null;
  readonly #type: string;
  readonly #parts = { content: [] as Part[], summary: [] as Part[] };
  #payload = '';
  #payloadTold = false;

  constructor(
    item: Json,
    private readonly faults: string[],
  ) {
    this.id = item.id;
    this.#type = item.type;
    if (!item.id || !item.type) this.#fault('is announced without id or type');
    if (item.status === 'completed') this.#fault('is announced as completed');
    if (item.type === 'message' && (item.role !== 'assistant' || item.content.length > 0)) this.#fault('is announced with content');
    if (item.type in PAYLOAD_MEMBER) {
      if (!item.name || !item.call_id) this.#fault('is announced without name or call_id');
      if (item[PAYLOAD_MEMBER[item.type]!] !== '') this.#fault('is announced with its payload');
    }
  }

  take(data: Json): void {
    const { type } = data;
    if (this.closed) return this.#fault(`has ended, but ${type} follows`);
    if (type === 'response.output_item.done') return this.#end(data.item);
    if (data.item_id !== this.id) this.#fault(`: ${type} names ${data.item_id}`);
    if (PART_EDGE.test(type)) return this.#edge(data);
    if (PAYLOAD.test(type)) return this.#payloadEvent(data);
    const family = PART_FAMILIES.find(({ text }) => text.test(type));
    if (family) this.#textEvent(data, family);
  }

  #edge(data: Json): void {
    const [family, index] = data.type.includes('summary')
      ? (['summary', data.summary_index] as const)
      : (['content', data.content_index] as const);
    const parts = this.#parts[family];
    if (data.type.endsWith('.added')) {
      if (index !== parts.length) this.#fault(`: ${family} ${index} comes as number ${parts.length}`);
      if (textOf(data.part) !== '') this.#fault(`: ${family} ${index} begins with text`);
      parts.push({ kind: data.part.type, text: '', told: false, closed: false });
      return;
    }
    const part = parts[index];
    if (!part || part.closed) return this.#fault(`: ${family} ${index} ends without a beginning`);
    part.closed = true;
    if (part.kind !== data.part.type) this.#fault(`: ${family} ${index} was ${part.kind} and is ${data.part.type}`);
    if (textOf(data.part) !== part.text) this.#fault(`: ${family} ${index} ends with another text`);
    this.#checkPart(data.part);
  }

  #textEvent(data: Json, { index: name, list }: PartFamily): void {
    const part = this.#parts[list][data[name]];
    if (!part || part.closed) return this.#fault(`: ${data.type} outside its part`);
    if (data.type.endsWith('.delta')) {
      if (part.told) this.#fault(`: a delta after the whole text`);
      part.text += data.delta;
      return;
    }
    if (textOf(data) !== part.text) this.#fault(`: ${data.type} differs from its deltas`);
    part.told = true;
  }

  #payloadEvent(data: Json): void {
    const member = PAYLOAD_MEMBER[this.#type]!;
    if (data.type.endsWith('.delta')) this.#payload += data.delta;
    else {
      if (data[member] !== this.#payload) this.#fault(`: ${data.type} differs from its deltas`);
      this.#payloadTold = true;
    }
  }

  #end(item: Json): void {
    this.closed = true;
    this.final = item;
    if (item.id !== this.id || item.type !== this.#type) this.#fault(`ends as ${item.type} ${item.id}`);
    if (item.status === 'in_progress') this.#fault('ends, but is in progress');
    const payload = PAYLOAD_MEMBER[this.#type];
    if (payload && (item[payload] !== this.#payload || !this.#payloadTold)) this.#fault('ends with another payload than was told');
    for (const list of ['content', 'summary'] as const) this.#checkParts(item[list] ?? [], this.#parts[list], list);
  }

  #checkParts(final: Json[], told: readonly Part[], list: string): void {
    if (final.length !== told.length) this.#fault(`ends with ${final.length} parts of ${list}; ${told.length} were told`);
    for (const [i, part] of told.entries()) {
      if (!part.closed || !part.told) this.#fault(`: ${list} ${i} has no end`);
      if (final[i] && (textOf(final[i]) !== part.text || final[i].type !== part.kind)) this.#fault(`: ${list} ${i} differs in the end`);
    }
    for (const part of final) this.#checkPart(part);
  }

  #checkPart(part: Json): void {
    if (part.type === 'output_text' && !(Array.isArray(part.annotations) && Array.isArray(part.logprobs))) {
      this.#fault(': a text part lacks annotations or logprobs');
    }
  }

  #fault(text: string): void {
    this.faults.push(`${this.#type} ${this.id} ${text}`);
  }
}
