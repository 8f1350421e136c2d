import { ByteString, fromBytes, toBytes } from '../../common/byte-string.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { turnFailure } from '../shared/turn-failure.js';
import type { JsonText, SlotKind, TurnBegin, TurnEnd, TurnListener, TurnSlot } from '../shared/turn/turn-listener.js';
import type { ChatCompletionsReply } from './chat-completions-reply.js';
import { Citations } from './citations.js';
import type { DeltaOutput, ServiceTier } from './delta-output.js';
import { type Called, finishReason } from './finish-reason.js';
import { CharacterCount, endsLine } from './text-measure.js';
import { type CompletionUsage, completionUsage, estimatedUsage } from './usage.js';

/** What a completion shows of a turn. */
export const SHOWN: ReadonlySet<SlotKind> = new Set(['message', 'reasoning', 'function', 'custom', 'image']);

/** A blank line, as JSON text. */
const BREAK: JsonText = '\\n\\n';

const tierOf = (tier: string | null): ServiceTier | null => (tier === 'default' || tier === 'priority' ? tier : null);

/**
 * One turn as the deltas of a completion: one assistant message, however many items upstream made of it. Both the stream and the JSON answer
 * are what this says to its output, so they cannot differ.
 */
export class CompletionDeltas implements TurnListener {
  readonly #content = new CharacterCount();
  readonly #citations = new Citations(this.#content);
  /** Item (its order) and part that the last text belonged to; -1: there was none. */
  #textOrder = -1;
  #textPart = -1;
  #lastText: JsonText = '';
  #thinkOrder = -1;
  #thinkBreak = false;
  /** Order of the call that is being told; -1: none. */
  #callOrder = -1;
  /** It is a function, and no argument has come yet. */
  #bare = false;
  #called: Called = 'nothing';
  /** Of JSON text that was told. */
  #bytes = 0;

  constructor(
    private readonly reply: ChatCompletionsReply,
    private readonly out: DeltaOutput,
  ) {}

  begin({ responseId, createdAt, serviceTier }: TurnBegin): void {
    this.out.begin({
      id: responseId === '' ? this.reply.fallbackId : `chatcmpl-${responseId.replace(/^resp_/, '')}`,
      created: Math.floor(createdAt ?? this.reply.createdAt),
      serviceTier: tierOf(serviceTier),
    });
  }

  open({ kind, order, callId, name }: TurnSlot): void {
    if (kind !== 'function' && kind !== 'custom') return;
    const { legacyFunctions, names } = this.reply;
    // `function_call` has room for one, and such a request was sent with parallel calls off.
    if (legacyFunctions && (kind === 'custom' || this.#called !== 'nothing')) return;
    this.#callOrder = order;
    this.#bare = kind === 'function';
    this.#called = legacyFunctions ? 'legacy' : 'tools';
    this.out.call({ kind: legacyFunctions ? 'legacy' : kind, id: callId, name: names.original(name) });
  }

  text({ order }: TurnSlot, part: number, text: JsonText): void {
    if (order !== this.#textOrder || part !== this.#textPart) return this.#beginText(order, part, text);
    this.#say(text, text);
  }

  refusal(_slot: TurnSlot, _part: number, text: JsonText): void {
    this.#bytes += text.length;
    this.out.refusal(text);
  }

  annotation(_slot: TurnSlot, part: number, annotation: JsonObject): void {
    this.#citations.add(part, annotation);
  }

  think({ order }: TurnSlot, text: JsonText): void {
    const apart = this.#thinkBreak || (order !== this.#thinkOrder && this.#thinkOrder >= 0);
    this.#thinkOrder = order;
    this.#thinkBreak = false;
    this.#bytes += text.length;
    this.out.reasoning(apart ? BREAK + text : text);
  }

  thinkBreak(): void {
    this.#thinkBreak = true;
  }

  args({ order }: TurnSlot, text: JsonText): void {
    if (order !== this.#callOrder) return;
    this.#bare = false;
    this.#bytes += text.length;
    this.out.callPiece(text);
  }

  image(_slot: TurnSlot, base64: ByteString, format: string): void {
    this.out.image(toBytes(JSON.stringify(`data:image/${format};base64,${fromBytes(base64)}`).slice(1, -1)));
  }

  close({ kind, order }: TurnSlot): void {
    if (kind === 'message') this.#citations.itemEnds();
    if (order !== this.#callOrder) return;
    // Clients parse arguments without asking whether there are any.
    if (this.#bare) this.out.callPiece('{}');
    this.#callOrder = -1;
  }

  end(end: TurnEnd): void {
    if (end.status === 'failed' || end.status === 'cancelled') return this.out.fail(turnFailure(end));
    this.#citations.itemEnds();
    this.out.end({
      finishReason: finishReason(end, this.#called),
      annotations: this.#citations.list(end.stopped !== null),
      usage: this.#usage(end),
      serviceTier: tierOf(end.serviceTier),
    });
  }

  /** Upstream tells its usage last: an answer that a stop sequence ended may have to do without. */
  #usage({ usage, stopped }: TurnEnd): CompletionUsage | null {
    if (usage) return completionUsage(usage);
    return stopped === null ? null : estimatedUsage(this.reply.inputEstimate(), this.#bytes);
  }

  /** Texts of two items are told apart by a blank line, unless the first one ends its last line itself. */
  #beginText(order: number, part: number, text: JsonText): void {
    const apart = order !== this.#textOrder && this.#textOrder >= 0 && !endsLine(this.#lastText);
    this.#textOrder = order;
    this.#textPart = part;
    if (apart) this.#content.add(BREAK);
    this.#citations.partBegins(part);
    this.#say(text, apart ? BREAK + text : text);
  }

  #say(text: JsonText, told: JsonText): void {
    this.#lastText = text;
    this.#bytes += text.length;
    this.#content.add(text);
    this.out.content(told);
  }
}
