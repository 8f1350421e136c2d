import { ByteString, fromBytes, toBytes } from '../../common/byte-string.js';
import { GatewayError } from '../../common/gateway-error.js';
import type { JsonText } from '../shared/turn/turn-listener.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import type { CompletionCall, CompletionEnd, CompletionHead, DeltaOutput } from './delta-output.js';

/** Limit of the content of one answer; a longer one has to be streamed. */
const MAX_BYTES = 64 * 1024 * 1024;

const jsonOf = (value: unknown): ByteString => toBytes(JSON.stringify(value));

/** A completion as one JSON document; text goes into it as it came. */
export class DeltaJson implements DeltaOutput {
  #head: CompletionHead | null = null;
  #content: JsonText = '';
  #refusal: JsonText = '';
  #reasoning: JsonText = '';
  /** Calls that are whole. */
  #calls: ByteString[] = [];
  #call: CompletionCall | null = null;
  #callText: JsonText = '';
  #images: ByteString[] = [];
  #size = 0;
  #end: CompletionEnd | null = null;
  #failure: GatewayError | null = null;

  constructor(
    private readonly reply: ChatCompletionsReply,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  get ended(): boolean {
    return this.#end !== null || this.#failure !== null;
  }

  restart(): void {
    this.#head = this.#call = this.#end = this.#failure = null;
    this.#content = this.#refusal = this.#reasoning = this.#callText = '';
    this.#calls = [];
    this.#images = [];
    this.#size = 0;
  }

  begin(head: CompletionHead): void {
    this.#head = head;
  }

  content(text: JsonText): void {
    if (this.#fits(text)) this.#content += text;
  }

  refusal(text: JsonText): void {
    if (this.#fits(text)) this.#refusal += text;
  }

  reasoning(text: JsonText): void {
    if (this.#fits(text)) this.#reasoning += text;
  }

  call(call: CompletionCall): void {
    this.#endCall();
    this.#call = call;
    this.#callText = '';
  }

  callPiece(text: JsonText): void {
    if (this.#fits(text)) this.#callText += text;
  }

  image(url: JsonText): void {
    if (this.#fits(url)) this.#images.push(`{"type":"image_url","image_url":{"url":"${url}"}}`);
  }

  end(end: CompletionEnd): void {
    this.#endCall();
    this.#end = end;
  }

  fail(error: GatewayError): void {
    this.#failure = error;
  }

  /** The completion. Throws `GatewayError` where there is none, or one that must not be taken for whole. */
  json(): string {
    if (this.#failure) throw this.#failure;
    const [head, end] = [this.#head, this.#end];
    if (head === null || end === null) throw new GatewayError('truncated', 'upstream closed the stream before it finished');
    if (this.#size > this.maxBytes) throw new GatewayError('truncated', 'the answer is too long for one JSON document; ask for a stream');
    const { id, created } = head;
    const tier = end.serviceTier ?? head.serviceTier;
    const members = { id, object: 'chat.completion', created, model: this.reply.model, ...(tier && { service_tier: tier }) };
    const choice = `{"index":0,"message":${this.#message(end)},"logprobs":null,"finish_reason":"${end.finishReason}"}`;
    const usage = end.usage ? `,"usage":${jsonOf(end.usage)}` : '';
    return fromBytes(`${jsonOf(members).slice(0, -1)},"choices":[${choice}]${usage}}`);
  }

  #message({ annotations }: CompletionEnd): ByteString {
    const legacy = this.reply.legacyFunctions;
    const silent = this.#content === '' && (this.#calls.length > 0 || this.#refusal !== '');
    let message = `{"role":"assistant","content":${silent ? 'null' : `"${this.#content}"`}`;
    message += `,"refusal":${this.#refusal === '' ? 'null' : `"${this.#refusal}"`},"annotations":${jsonOf(annotations)}`;
    if (this.#calls.length > 0) message += legacy ? `,"function_call":${this.#calls[0]!}` : `,"tool_calls":[${this.#calls.join(',')}]`;
    if (this.#reasoning !== '') message += `,"reasoning_content":"${this.#reasoning}"`;
    if (this.#images.length > 0) message += `,"images":[${this.#images.join(',')}]`;
    return `${message}}`;
  }

  #endCall(): void {
    if (this.#call === null) return;
    const { kind, id, name } = this.#call;
    const text = `${jsonOf({ name }).slice(0, -1)},"${kind === 'custom' ? 'input' : 'arguments'}":"${this.#callText}"}`;
    this.#calls.push(kind === 'legacy' ? text : `${jsonOf({ id, type: kind }).slice(0, -1)},"${kind}":${text}}`);
    this.#call = null;
  }

  #fits(text: JsonText): boolean {
    this.#size += text.length;
    return this.#size <= this.maxBytes;
  }
}
