import { ByteString, toBytes } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { anthropicErrorFrame } from '../shared/anthropic-error.js';
import { FrameBuffer } from '../shared/frame-buffer.js';
import type { EncodedChunk } from '../shared/stream-encoder.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { BlockOutput, ContentBlock, MessageEnd } from './block-output.js';
import type { MessageTier } from './usage.js';
import type { MessagesReply } from './messages-reply.js';
import { startUsage } from './usage.js';

export const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
const STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

const frame = (json: JsonObject & { type: string }): ByteString => `event: ${json.type}\ndata: ${toBytes(JSON.stringify(json))}\n\n`;

/** The type of a block's deltas and the member that holds their text; blocks that come whole have none. */
const DELTA: Readonly<Record<ContentBlock['type'], string>> = {
  text: '{"type":"text_delta","text":"',
  thinking: '{"type":"thinking_delta","thinking":"',
  tool_use: '{"type":"input_json_delta","partial_json":"',
  server_tool_use: '{"type":"input_json_delta","partial_json":"',
  web_search_tool_result: '',
};
const DELTA_END = '"}}\n\n';

/** What `content_block_start` shows: typed clients append to the empty members. */
function started(block: ContentBlock): object {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_use':
    case 'server_tool_use':
      return { ...block, input: {} };
    case 'web_search_tool_result':
      return block;
  }
}

/** A message as frames of a stream. The frame of a piece is the head of its block, the text as it came, and a constant. */
export class BlockFrames implements BlockOutput {
  /** Whether the client has seen, or will see whatever happens, `message_start`. */
  begun = false;
  ended = false;
  readonly #preamble = new FrameBuffer();
  readonly #output = new FrameBuffer();
  #index = 0;
  #head: ByteString = '';

  constructor(private readonly reply: MessagesReply) {}

  /** Frames that were not taken are forgotten. */
  restart(begun: boolean): void {
    this.begun = begun;
    this.ended = false;
    this.#index = 0;
    this.#preamble.take();
    this.#output.take();
  }

  take(): EncodedChunk {
    return { preamble: this.#preamble.take(), output: this.#output.take(), ended: this.ended };
  }

  begin(id: string, tier: MessageTier): void {
    if (this.begun) return;
    this.begun = true;
    const message = {
      id,
      type: 'message',
      role: 'assistant',
      model: this.reply.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: startUsage(this.reply.inputEstimate(), tier),
    };
    this.#preamble.append(frame({ type: 'message_start', message }) + PING);
  }

  open(block: ContentBlock): void {
    this.#output.append(frame({ type: 'content_block_start', index: this.#index, content_block: started(block) }));
    this.#head = `${this.#deltaHead()}${DELTA[block.type]}`;
    // Clients read the input of a call from its deltas; the first one tells that there will be any.
    if (block.type === 'tool_use') this.piece('');
  }

  piece(text: JsonText): void {
    this.#output.append(this.#head + text + DELTA_END);
  }

  citation(location: JsonObject): void {
    this.#delta({ type: 'citations_delta', citation: location });
  }

  signature(signature: string): void {
    this.#delta({ type: 'signature_delta', signature });
  }

  close(): void {
    this.#output.append(`event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`);
    this.#index++;
  }

  end({ stop, usage }: MessageEnd): void {
    this.ended = true;
    this.#output.append(frame({ type: 'message_delta', delta: stop, usage }) + STOP);
  }

  fail(error: GatewayError): void {
    this.ended = true;
    this.#output.append(anthropicErrorFrame(error, this.reply.requestId));
  }

  #delta(delta: JsonObject): void {
    this.#output.append(`${this.#deltaHead()}${toBytes(JSON.stringify(delta))}}\n\n`);
  }

  #deltaHead(): ByteString {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":`;
  }
}
