import { ByteString, fromBytes, toBytes } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { BlockOutput, ContentBlock, MessageEnd } from './block-output.js';
import type { MessageTier } from './usage.js';
import type { MessagesReply } from './messages-reply.js';
import { toolInput } from './tool-input.js';

/** Limit of the content of one answer; a longer one has to be streamed. */
const MAX_BYTES = 64 * 1024 * 1024;

const jsonOf = (value: unknown): ByteString => toBytes(JSON.stringify(value));

/** A message as one JSON document; text goes into it as it came. */
export class BlockJson implements BlockOutput {
  #id = '';
  #tier: MessageTier = 'standard';
  #blocks: ByteString[] = [];
  #block: ContentBlock | null = null;
  #text: JsonText = '';
  #citations: JsonObject[] = [];
  #signature = '';
  #size = 0;
  #brokenInput = false;
  #end: MessageEnd | null = null;
  #failure: GatewayError | null = null;

  constructor(
    private readonly reply: MessagesReply,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  get ended(): boolean {
    return this.#end !== null || this.#failure !== null;
  }

  restart(): void {
    this.#blocks = [];
    this.#block = null;
    this.#text = '';
    this.#size = 0;
    this.#brokenInput = false;
    this.#end = null;
    this.#failure = null;
  }

  begin(id: string, tier: MessageTier): void {
    this.#id = id;
    this.#tier = tier;
  }

  open(block: ContentBlock): void {
    this.#block = block;
    this.#text = '';
    this.#citations = [];
    this.#signature = '';
  }

  piece(text: JsonText): void {
    this.#size += text.length;
    if (this.#size <= this.maxBytes) this.#text += text;
  }

  citation(location: JsonObject): void {
    this.#citations.push(location);
  }

  signature(signature: string): void {
    this.#signature = signature;
  }

  close(): void {
    if (this.#block) this.#blocks.push(this.#whole(this.#block));
    this.#block = null;
  }

  end(end: MessageEnd): void {
    this.#end = end;
  }

  fail(error: GatewayError): void {
    this.#failure = error;
  }

  /** The message. Throws `GatewayError` where there is none, or one that must not be taken for whole. */
  json(): string {
    if (this.#failure) throw this.#failure;
    if (this.#end === null) throw new GatewayError('truncated', 'upstream closed the stream before it finished');
    if (this.#size > this.maxBytes) throw new GatewayError('truncated', 'the answer is too long for one JSON document; ask for a stream');
    const { stop, usage, complete } = this.#end;
    if (complete && this.#brokenInput) throw new GatewayError('truncated', 'tool arguments are not valid JSON');
    const head = jsonOf({ id: this.#id, type: 'message', role: 'assistant', model: this.reply.model });
    const tail = jsonOf({ ...stop, usage: { ...usage, service_tier: this.#tier } });
    return fromBytes(`${head.slice(0, -1)},"content":[${this.#blocks.join(',')}],${tail.slice(1)}`);
  }

  #whole(block: ContentBlock): ByteString {
    switch (block.type) {
      case 'text':
        // Left out where there are none: validators of some clients take a list only.
        return `{"type":"text","text":"${this.#text}"${this.#citations.length > 0 ? `,"citations":${jsonOf(this.#citations)}` : ''}}`;
      case 'thinking':
        return `{"type":"thinking","thinking":"${this.#text}","signature":${jsonOf(this.#signature)}}`;
      case 'tool_use':
      case 'server_tool_use':
        return `${jsonOf(block).slice(0, -1)},"input":${this.#input()}}`;
      case 'web_search_tool_result':
        return jsonOf(block);
    }
  }

  #input(): ByteString {
    const input = toolInput(this.#text);
    this.#brokenInput ||= input.broken;
    return input.json;
  }
}
