/** Gives an attempt up that brings no output in time. */
export class OutputDeadline {
  /** Also aborted with `outer`. */
  readonly signal: AbortSignal;
  readonly #late = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly limitMs: number,
    outer: AbortSignal,
  ) {
    this.signal = AbortSignal.any([outer, this.#late.signal]);
    this.#timer = setTimeout(() => this.#late.abort(), limitMs);
  }

  /** There is output, or the attempt is over. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  get isOver(): boolean {
    return this.#late.signal.aborted;
  }
}
