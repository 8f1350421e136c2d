import { type Cancellation, CancelSource } from '../common/cancellation.js';

/** Gives an attempt up that brings no output in time. */
export class OutputDeadline {
  readonly #source = new CancelSource();
  readonly #timer: NodeJS.Timeout;
  #over = false;

  constructor(
    readonly limitMs: number,
    outer: Cancellation,
  ) {
    this.#source.follow(outer);
    this.#timer = setTimeout(() => this.#expire(), limitMs);
  }

  /** Also aborted with `outer`. */
  get signal(): Cancellation {
    return this.#source;
  }

  /** There is output, or the attempt is over. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  get isOver(): boolean {
    return this.#over;
  }

  #expire(): void {
    this.#over = true;
    this.#source.abort();
  }
}
