import { ByteString, toBytes } from '../../common/byte-string.js';
import type { GatewayError } from '../../common/gateway-error.js';
import { FrameBuffer } from '../shared/frame-buffer.js';
import type { EncodedChunk } from '../shared/stream-encoder.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { chatErrorFrame } from './chat-completions.errors.js';
import type { CompletionCall, CompletionEnd, CompletionHead, DeltaOutput, ServiceTier } from './delta-output.js';

const DONE = 'data: [DONE]\n\n';

const json = (value: unknown): ByteString => toBytes(JSON.stringify(value));

/** A completion as frames of a stream. The frame of a piece is a constant head, the text as it came, and a constant tail. */
export class DeltaFrames implements DeltaOutput {
  /** Whether the client has seen, or will see whatever happens, the chunk with the role. */
  begun = false;
  ended = false;
  readonly #preamble = new FrameBuffer();
  readonly #output = new FrameBuffer();
  /** Each chunk that is not the last one says so where usage was asked for. */
  readonly #noUsage: ByteString;
  readonly #rest: ByteString;
  readonly #textTail: ByteString;
  #head: CompletionHead = { id: '', created: 0, serviceTier: null };
  #open: ByteString = '';
  #contentHead: ByteString = '';
  #refusalHead: ByteString = '';
  #reasoningHead: ByteString = '';
  #callHead: ByteString = '';
  #callTail: ByteString = '';
  #calls = 0;

  constructor(private readonly reply: ChatCompletionsReply) {
    this.#noUsage = reply.includeUsage ? ',"usage":null}\n\n' : '}\n\n';
    this.#rest = `,"logprobs":null,"finish_reason":null}]${this.#noUsage}`;
    this.#textTail = `"}${this.#rest}`;
  }

  /** Frames that were not taken are forgotten. */
  restart(begun: boolean): void {
    this.begun = begun;
    this.ended = false;
    this.#calls = 0;
    this.#preamble.take();
    this.#output.take();
  }

  take(): EncodedChunk {
    return { preamble: this.#preamble.take(), output: this.#output.take(), ended: this.ended };
  }

  begin(head: CompletionHead): void {
    if (this.begun) return;
    this.begun = true;
    this.#head = head;
    this.#open = this.#choice(head.serviceTier);
    this.#contentHead = `${this.#open}{"content":"`;
    this.#refusalHead = `${this.#open}{"refusal":"`;
    this.#reasoningHead = `${this.#open}{"reasoning_content":"`;
    this.#preamble.append(`${this.#open}{"role":"assistant","content":""}${this.#rest}`);
  }

  content(text: JsonText): void {
    this.#output.append(this.#contentHead + text + this.#textTail);
  }

  refusal(text: JsonText): void {
    this.#output.append(this.#refusalHead + text + this.#textTail);
  }

  reasoning(text: JsonText): void {
    this.#output.append(this.#reasoningHead + text + this.#textTail);
  }

  /** The header of a call; id, type and name are never sent again, because clients append what they get. */
  call({ kind, id, name }: CompletionCall): void {
    if (kind === 'legacy') {
      this.#delta({ function_call: { name, arguments: '' } });
      this.#callPieces('{"function_call":{"arguments":"', '"}}');
      return;
    }
    const [empty, member] = kind === 'function' ? [{ name, arguments: '' }, 'arguments'] : [{ name, input: '' }, 'input'];
    const index = this.#calls++;
    this.#delta({ tool_calls: [{ index, id, type: kind, [kind]: empty }] });
    this.#callPieces(`{"tool_calls":[{"index":${index},"${kind}":{"${member}":"`, '"}}]}');
  }

  callPiece(text: JsonText): void {
    this.#output.append(this.#callHead + text + this.#callTail);
  }

  image(url: JsonText): void {
    this.#output.append(`${this.#open}{"images":[{"type":"image_url","image_url":{"url":"${url}"}}]}${this.#rest}`);
  }

  end({ finishReason, annotations, usage, serviceTier }: CompletionEnd): void {
    this.ended = true;
    if (annotations.length > 0) this.#delta({ annotations });
    const tier = serviceTier ?? this.#head.serviceTier;
    const finish = `{},"logprobs":null,"finish_reason":"${finishReason}"}]${this.#noUsage}`;
    this.#output.append(this.#choice(tier) + finish);
    if (usage && this.reply.includeUsage) this.#output.append(`${this.#start(tier)},"choices":[],"usage":${json(usage)}}\n\n`);
    this.#output.append(DONE);
  }

  fail(error: GatewayError): void {
    this.ended = true;
    this.#output.append(chatErrorFrame(error));
  }

  #delta(delta: object): void {
    this.#output.append(this.#open + json(delta) + this.#rest);
  }

  #callPieces(head: ByteString, tail: ByteString): void {
    this.#callHead = this.#open + head;
    this.#callTail = tail + this.#rest;
  }

  #start(serviceTier: ServiceTier | null): ByteString {
    const { id, created } = this.#head;
    const members = {
      id,
      object: 'chat.completion.chunk',
      created,
      model: this.reply.model,
      ...(serviceTier && { service_tier: serviceTier }),
    };
    return `data: ${json(members).slice(0, -1)}`;
  }

  #choice(serviceTier: ServiceTier | null): ByteString {
    return `${this.#start(serviceTier)},"choices":[{"index":0,"delta":`;
  }
}
