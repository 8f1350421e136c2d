import { Injectable } from '@nestjs/common';

const MAX_STATES = 20_000;

/**
 * Which account issued an `x-codex-turn-state`. The token is sticky routing inside the backend and means nothing (or worse) to
 * another account, so it is sent back only where it came from. Bounded; the oldest entry goes first.
 */
@Injectable()
export class TurnStates {
  readonly #issuer = new Map<string, string>();

  remember(turnState: string, accountId: string): void {
    this.#issuer.delete(turnState);
    this.#issuer.set(turnState, accountId);
    if (this.#issuer.size > MAX_STATES) this.#issuer.delete(this.#issuer.keys().next().value!);
  }

  issuer(turnState: string): string | undefined {
    return this.#issuer.get(turnState);
  }
}
