import { DeltaLiteral, UpstreamEvent } from './upstream-event.js';

/** The events that make up nearly all of a stream; their frames are recognised by one regular expression instead of a JSON parse. */
const HOT_TYPES: ReadonlySet<string> = new Set([
  'response.output_text.delta',
  'response.function_call_arguments.delta',
  'response.custom_tool_call_input.delta',
  'response.reasoning_summary_text.delta',
  'response.reasoning_text.delta',
]);

/** Enough for every member order a backend has been seen to send; the bound keeps a hostile one from filling memory with expressions. */
const MAX_SHAPES = 16;

const INTEGER = '(?:0|[1-9][0-9]{0,14})';
/** A JSON string without escapes and beyond-ASCII bytes: what ids and padding look like. */
const PLAIN = '[ !#-\\[\\]-~]*';
/** A whole JSON string literal: no control character, only the escapes of RFC 8259. `\\xff` is the last byte value, not a code point. */
const BYTE = '[ !#-\\[\\]-\\xff]*';
const LITERAL = `"${BYTE}(?:\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4})${BYTE})*"`;

/** Each member as `name:value`; the groups are what a DeltaLiteral needs. */
const MEMBERS: Readonly<Record<string, string>> = {
  sequence_number: `"sequence_number":${INTEGER}`,
  item_id: `"item_id":"(?<item>${PLAIN})"`,
  output_index: `"output_index":(?<output>${INTEGER})`,
  content_index: `"content_index":(?<part>${INTEGER})`,
  summary_index: `"summary_index":(?<part>${INTEGER})`,
  delta: `"delta":(?<delta>${LITERAL})`,
  logprobs: '"logprobs":\\[\\]',
  obfuscation: `"obfuscation":"${PLAIN}"`,
};

/**
 * One member order of one hot event type. `match` proves a whole frame (`event: T\ndata: {…}\n\n`) and reads its fields with
 * one execution of a sticky expression; what it does not match takes the parsed path.
 */
export class DeltaShape {
  /** Where the last match ended. */
  end = 0;
  readonly #pattern: RegExp;
  readonly #headLength: number;
  readonly #delta: number;
  readonly #output: number;
  readonly #item: number;
  /** 0 (the whole match) where the event has no such member. */
  readonly #part: number;
  readonly #numbered: boolean;

  constructor(
    readonly type: string,
    members: readonly string[],
  ) {
    const head = `event: ${type}\ndata: `;
    const body = members.map((name) => (name === 'type' ? `"type":"${escape(type)}"` : MEMBERS[name]!)).join(',');
    // Named groups cost an object per match; their numbers are found once.
    const names = [...body.matchAll(/\(\?<([a-z]+)>/g)].map((match) => match[1]!);
    this.#pattern = new RegExp(`${escape(head)}\\{${body.replace(/\(\?<[a-z]+>/g, '(')}\\}\\n\\n`, 'y');
    this.#headLength = head.length;
    this.#delta = names.indexOf('delta') + 1;
    this.#output = names.indexOf('output') + 1;
    this.#item = names.indexOf('item') + 1;
    this.#part = names.indexOf('part') + 1;
    this.#numbered = members.includes('sequence_number');
  }

  match(text: string, at: number): UpstreamEvent | null {
    const pattern = this.#pattern;
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return null;
    const end = (this.end = pattern.lastIndex);
    const delta: DeltaLiteral = {
      literal: found[this.#delta]!,
      outputIndex: +found[this.#output]!,
      itemId: found[this.#item]!,
      part: this.#part === 0 ? 0 : +found[this.#part]!,
      numbered: this.#numbered,
    };
    return new UpstreamEvent(this.type, text, at, end, at + this.#headLength, true, delta);
  }
}

/** Shapes of this process, most recently learnt last. */
export class DeltaShapes {
  readonly #shapes: DeltaShape[] = [];
  readonly #orders = new Set<string>();

  get all(): readonly DeltaShape[] {
    return this.#shapes;
  }

  /** Learns the member order of a delta that was parsed; anything but known members of known form is left to the parsed path. */
  learn({ type, json, text, start }: UpstreamEvent): void {
    if (!HOT_TYPES.has(type) || this.#shapes.length >= MAX_SHAPES) return;
    const members = Object.keys(json);
    const order = `${type} ${members.join(' ')}`;
    if (this.#orders.has(order) || !isKnownOrder(members)) return;
    const shape = new DeltaShape(type, members);
    if (shape.match(text, start) === null) return;
    this.#orders.add(order);
    this.#shapes.push(shape);
  }
}

export const sharedShapes = new DeltaShapes();

const escape = (text: string): string => text.replace(/[.\\{}]/g, '\\$&');

const isKnownOrder = (members: readonly string[]): boolean =>
  members.every((name) => name === 'type' || Object.hasOwn(MEMBERS, name)) &&
  ['type', 'delta', 'output_index', 'item_id'].every((name) => members.includes(name)) &&
  !(members.includes('content_index') && members.includes('summary_index'));
