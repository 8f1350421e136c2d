type Listener = (() => void) | { handleEvent(): void };

/** Tells that work is not wanted any more: the part of an `AbortSignal` that the service needs. Every `AbortSignal` is one. */
export interface Cancellation {
  readonly aborted: boolean;
  /** Only of one that is aborted. */
  readonly reason: Error;
  addEventListener(type: 'abort', listener: Listener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: Listener): void;
}

/**
 * The `AbortController` and the signal of one request in one. Node's own costs several microseconds and a dozen objects for each
 * listener, and what it listens for outlives the request until a full collection.
 */
export class CancelSource implements Cancellation {
  #reason: Error | null = null;
  #listeners: Listener[] = [];
  #outer: Cancellation | null = null;

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error {
    return this.#reason!;
  }

  /** The first reason counts. Every listener is called once. */
  abort(reason = new Error('aborted')): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#outer?.removeEventListener('abort', this);
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
  }

  /** Aborts with `outer` as well, and for the same reason. At most one. */
  follow(outer: Cancellation): this {
    if (outer.aborted) this.abort(outer.reason);
    else {
      this.#outer = outer;
      outer.addEventListener('abort', this);
    }
    return this;
  }

  /** The source that is followed was aborted. */
  handleEvent(): void {
    if (this.#outer) this.abort(this.#outer.reason);
  }

  addEventListener(_type: 'abort', listener: Listener): void {
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
