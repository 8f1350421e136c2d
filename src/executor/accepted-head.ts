import { accountScope } from './account-scope.js';
import type { TurnHead } from './turn-sink.js';

/** The head of an attempt that upstream has accepted. Hardly any turn asks for the scope, which is a digest. */
export class AcceptedHead implements TurnHead {
  constructor(
    readonly upstreamHeaders: Readonly<Record<string, string>>,
    readonly ignored: readonly string[],
    private readonly accountId: string,
  ) {}

  get scope(): string {
    return accountScope(this.accountId);
  }
}
