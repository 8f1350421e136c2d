import type { JsonObject } from '../../upstream/upstream-event.js';

type Role = 'user' | 'assistant' | 'developer';

/** Input items in the order in which their blocks come. Texts and pictures that follow each other become one message. */
export class HistoryWriter {
  readonly items: JsonObject[] = [];
  #role: Role = 'user';
  #parts: JsonObject[] = [];

  /** Empty texts say nothing, wherever they come from, and are left out. */
  part(role: Role, part: JsonObject): void {
    if (part.text === '') return;
    if (role !== this.#role) this.flush();
    this.#role = role;
    this.#parts.push(part);
  }

  item(item: JsonObject): void {
    this.flush();
    this.items.push(item);
  }

  /** Ends the message that is being written; what follows is another one. */
  flush(): void {
    if (this.#parts.length === 0) return;
    this.items.push({ type: 'message', role: this.#role, content: this.#parts });
    this.#parts = [];
  }
}
