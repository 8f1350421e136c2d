import { stringifyJson } from '../../../common/stringify-json.js';
import type { CodexBody } from '../../../executor/codex-request.js';
import { tallyBody, TokenTally } from './countable-parts.js';

/**
 * Characters of one block that are tokenized, a quarter million tokens or more; the rest is taken to be like them. More would hold
 * up others' counts, and no model takes it.
 */
export const MAX_BLOCK = 1_000_000;

/** A text that has to be tokenized, and how often its count is to be added: fractions stand for what was cut off. */
export interface TextBlock {
  readonly text: string;
  readonly weight: number;
}

/** What a request comes to before tokenizing: its texts, and the tokens that are known without. */
export class TextBlocks implements TokenTally {
  readonly blocks: TextBlock[] = [];
  known = 0;

  static of(body: CodexBody): TextBlocks {
    const blocks = new TextBlocks();
    tallyBody(body, blocks);
    return blocks;
  }

  text(text: string): void {
    if (text.length <= MAX_BLOCK) this.blocks.push({ text, weight: 1 });
    else this.blocks.push({ text: text.slice(0, MAX_BLOCK), weight: text.length / MAX_BLOCK });
  }

  json(value: unknown): void {
    this.text(stringifyJson(value));
  }

  tokens(count: number): void {
    this.known += count;
  }
}
