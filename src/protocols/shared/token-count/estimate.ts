import type { CodexBody } from '../../../executor/codex-request.js';
import { tallyBody, TokenTally } from './countable-parts.js';
import { estimateText } from './text-estimate.js';

/** Punctuation of JSON about a member, an element, and a value that is no string. */
const MEMBER_TOKENS = 2;
const KEY_CHARACTERS_PER_TOKEN = 6;
const ELEMENT_TOKENS = 1;
const LITERAL_TOKENS = 1;
/** Deeper schemas exist only to be refused. */
const MAX_DEPTH = 64;

class Estimate implements TokenTally {
  total = 0;

  text(text: string): void {
    this.total += estimateText(text);
  }

  tokens(count: number): void {
    this.total += count;
  }

  /** Walks the value: writing it down as text only to look at it would cost more than everything else. */
  json(value: unknown, depth = 0): void {
    if (typeof value === 'string') this.total += estimateText(value);
    else if (typeof value !== 'object' || value === null) this.total += LITERAL_TOKENS;
    else if (depth < MAX_DEPTH) this.#members(value, depth + 1);
  }

  #members(value: object, depth: number): void {
    if (Array.isArray(value)) {
      for (const element of value) {
        this.total += ELEMENT_TOKENS;
        this.json(element, depth);
      }
      return;
    }
    for (const key in value) {
      this.total += MEMBER_TOKENS + key.length / KEY_CHARACTERS_PER_TOKEN;
      this.json((value as Record<string, unknown>)[key], depth);
    }
  }
}

/**
 * Input tokens of a request, guessed: never 0, never tokenises, and cheap enough for the way of every streamed request.
 * Pictures and documents by their size, everything else by its characters.
 */
export function estimateTokens(body: CodexBody): number {
  const estimate = new Estimate();
  tallyBody(body, estimate);
  return Math.max(1, Math.ceil(estimate.total));
}
