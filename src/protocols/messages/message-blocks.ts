import type { JsonObject } from '../../upstream/upstream-event.js';
import type { JsonText, SlotKind, TurnBegin, TurnEnd, TurnListener, TurnSlot } from '../shared/turn/turn-listener.js';
import type { BlockOutput, ContentBlock } from './block-output.js';
import { turnFailure } from '../shared/turn-failure.js';
import type { MessagesReply } from './messages-reply.js';
import { stopReason } from './stop-reason.js';
import { ToolBlock } from './tool-block.js';
import { literalOf } from './tool-input.js';
import { estimatedUsage, messageUsage } from './usage.js';
import { citationOf, readWebSearch, searchAction } from './web-search.js';

/** Makes the signature of a thinking block out of the reasoning item that ended it. */
export type SignReasoning = (slot: TurnSlot, encryptedContent: string) => string;

/** Annotations of a part whose text has not come; more than these are a fault of upstream's. */
const MAX_EARLY_CITATIONS = 64;

/** What the request wants to see, in the normaliser's terms. */
export const shownKinds = ({ thinking, webSearch }: MessagesReply): ReadonlySet<SlotKind> => {
  const kinds: SlotKind[] = ['message', 'function', 'custom'];
  if (thinking !== 'hidden') kinds.push('reasoning');
  if (webSearch) kinds.push('web_search');
  return new Set(kinds);
};

/**
 * One turn as the content blocks of a message: one block open at a time, each begun, filled and ended before the next one. Both the stream
 * and the JSON answer are what this says to its output, so they cannot differ.
 */
export class MessageBlocks implements TurnListener {
  #open: ContentBlock['type'] | null = null;
  /** Slot (its order) and part that the open block belongs to. */
  #order = -1;
  #part = -1;
  #tool: ToolBlock | null = null;
  #early: { order: number; part: number; location: JsonObject }[] = [];
  #messageId = '';
  #shown = { text: false, refusal: false, toolUse: false };
  #searches = 0;
  #pagesRead = 0;
  #bytes = 0;

  constructor(
    private readonly reply: MessagesReply,
    private readonly out: BlockOutput,
    private readonly sign: SignReasoning,
  ) {}

  begin({ responseId, serviceTier }: TurnBegin): void {
    this.#messageId = responseId === '' ? this.reply.fallbackId : `msg_${responseId.replace(/^resp_/, '')}`;
    this.out.begin(this.#messageId, serviceTier === 'priority' ? 'priority' : 'standard');
  }

  open(slot: TurnSlot): void {
    if (slot.kind !== 'function' && slot.kind !== 'custom') return;
    const name = this.reply.names.original(slot.name);
    this.#shown.toolUse = true;
    this.#begin({ type: 'tool_use', id: slot.callId, name }, slot, 0);
    this.#tool = new ToolBlock(this.out, slot.kind === 'custom', this.reply.dropEmptyArguments.get(name));
  }

  text(slot: TurnSlot, part: number, text: JsonText): void {
    this.#shown.text = true;
    this.#visible(slot, part, text);
  }

  /** A refusal is shown, so that the user sees why there is nothing else. */
  refusal(slot: TurnSlot, part: number, text: JsonText): void {
    this.#shown.refusal = true;
    this.#visible(slot, part, text);
  }

  annotation(slot: TurnSlot, part: number, annotation: JsonObject): void {
    const location = this.reply.webSearch ? citationOf(annotation) : null;
    if (location === null) return;
    if (this.#isOpen('text', slot, part)) this.out.citation(location);
    // Where text comes only as a whole, its annotations may come before it.
    else if (this.#isAhead(slot, part) && this.#early.length < MAX_EARLY_CITATIONS) this.#early.push({ order: slot.order, part, location });
  }

  think(slot: TurnSlot, text: JsonText): void {
    if (this.reply.thinking !== 'shown') return;
    if (!this.#isOpen('thinking', slot, 0)) this.#begin({ type: 'thinking' }, slot, 0);
    this.#bytes += text.length;
    this.out.piece(text);
  }

  thinkBreak(slot: TurnSlot): void {
    if (this.#isOpen('thinking', slot, 0)) this.out.piece('\\n\\n');
  }

  args(slot: TurnSlot, text: JsonText): void {
    if (this.#tool === null || slot.order !== this.#order) return;
    this.#bytes += text.length;
    this.#tool.piece(text);
  }

  /** This dialect has no block for an image. */
  image(): void {}

  close(slot: TurnSlot, item: JsonObject | null): void {
    if (slot.kind === 'reasoning') this.#closeReasoning(slot, item);
    else if (slot.kind === 'web_search' && item !== null) this.#search(slot, item);
    if (slot.order === this.#order) this.#end();
  }

  end(end: TurnEnd): void {
    if (end.status === 'failed' || end.status === 'cancelled') return this.out.fail(turnFailure(end));
    this.#end();
    const counted = this.#searches + this.#pagesRead > 0;
    const searches = counted ? { web_search_requests: this.#searches, web_fetch_requests: this.#pagesRead } : null;
    this.out.end({
      stop: stopReason(end, this.#shown),
      usage: end.usage ? messageUsage(end.usage, searches) : estimatedUsage(this.reply.inputEstimate(), this.#bytes, searches),
      complete: end.status === 'completed',
    });
  }

  #visible(slot: TurnSlot, part: number, text: JsonText): void {
    if (this.#open !== 'text' || slot.order !== this.#order || part !== this.#part) this.#beginText(slot, part);
    this.#bytes += text.length;
    this.out.piece(text);
  }

  #beginText(slot: TurnSlot, part: number): void {
    this.#begin({ type: 'text' }, slot, part);
    if (this.#early.length === 0) return;
    for (const { order, part: of, location } of this.#early) if (order === slot.order && of === part) this.out.citation(location);
    this.#early = [];
  }

  #closeReasoning(slot: TurnSlot, item: JsonObject | null): void {
    const encrypted = item?.encrypted_content;
    if (this.reply.thinking === 'hidden' || typeof encrypted !== 'string' || encrypted === '') return;
    if (!this.#isOpen('thinking', slot, 0)) this.#begin({ type: 'thinking' }, slot, 0);
    this.out.signature(this.sign(slot, encrypted));
  }

  #search(slot: TurnSlot, item: JsonObject): void {
    if (!this.reply.webSearch) return;
    if (searchAction(item) === 'open_page') this.#pagesRead++;
    const search = readWebSearch(item);
    if (search === null) return;
    this.#searches++;
    const tail = slot.itemId.replace(/^ws_/, '') || `${this.#messageId.replace(/^msg_/, '')}_${slot.order}`;
    const id = `srvtoolu_${tail}`;
    this.#begin({ type: 'server_tool_use', id, name: 'web_search' }, slot, 0);
    this.out.piece(literalOf(JSON.stringify({ query: search.query })));
    this.#begin({ type: 'web_search_tool_result', tool_use_id: id, content: search.content }, slot, 0);
  }

  #isOpen(type: ContentBlock['type'], slot: TurnSlot, part: number): boolean {
    return this.#open === type && slot.order === this.#order && part === this.#part;
  }

  #isAhead(slot: TurnSlot, part: number): boolean {
    return slot.order > this.#order || (slot.order === this.#order && part > this.#part);
  }

  #begin(block: ContentBlock, slot: TurnSlot, part: number): void {
    this.#end();
    this.#open = block.type;
    this.#order = slot.order;
    this.#part = part;
    this.out.open(block);
  }

  #end(): void {
    if (this.#open === null) return;
    this.#tool?.end();
    this.#tool = null;
    this.#open = null;
    this.out.close();
  }
}
