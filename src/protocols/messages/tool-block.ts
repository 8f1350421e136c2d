import type { JsonText } from '../shared/turn/turn-listener.js';
import type { BlockOutput } from './block-output.js';
import { quotedTwice, withoutBlank } from './tool-input.js';

/** Arguments that may have to be changed are kept up to this size; longer ones go out as they are. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Raw input of a custom tool, as the JSON that clients expect: `{"input": …}`. */
const CUSTOM_HEAD = '{\\"input\\":\\"';
const CUSTOM_TAIL = '\\"}';

/** The input of the open `tool_use` block, piece by piece. */
export class ToolBlock {
  /** Arguments that wait for the end of the call; null: pieces go out at once. */
  #kept: string | null;

  /** `droppable`: arguments to leave out where they are blank, if the tool is one of those with any. */
  constructor(
    private readonly out: BlockOutput,
    private readonly custom: boolean,
    private readonly droppable: ReadonlySet<string> | undefined,
  ) {
    this.#kept = droppable === undefined || custom ? null : '';
    if (custom) out.piece(CUSTOM_HEAD);
  }

  piece(text: JsonText): void {
    if (this.custom) this.out.piece(quotedTwice(text));
    else if (this.#kept === null) this.out.piece(text);
    else {
      this.#kept += text;
      if (this.#kept.length > MAX_KEPT_BYTES) this.#release(this.#kept);
    }
  }

  end(): void {
    if (this.custom) this.out.piece(CUSTOM_TAIL);
    else if (this.#kept) this.#release(withoutBlank(this.#kept, this.droppable!));
  }

  #release(text: JsonText): void {
    this.#kept = null;
    this.out.piece(text);
  }
}
