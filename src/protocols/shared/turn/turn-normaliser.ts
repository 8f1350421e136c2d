import type { UpstreamEvent } from '../../../upstream/upstream-event.js';
import type { SlotKind, TurnListener } from './turn-listener.js';

export interface NormaliserOptions {
  /** Kinds the dialect shows. The others are transparent: they never hold a later slot back. */
  readonly shows: ReadonlySet<SlotKind>;
  /** Makes the id of a call for which upstream has none. */
  readonly newCallId: () => string;
  /** Limit of what is kept for reconciliation; beyond it later authoritative copies of a text are ignored. */
  readonly retainBytes?: number;
}

/** Upstream events → what they mean (`TurnListener`). One instance a turn; pure and synchronous. */
export class TurnNormaliser {
  constructor(
    private readonly listener: TurnListener,
    private readonly options: NormaliserOptions,
  ) {}

  /** Another attempt begins: everything is forgotten. */
  restart(): void {
    throw new Error('in the making');
  }

  accept(_events: readonly UpstreamEvent[]): void {
    throw new Error('in the making');
  }

  /** Whether `end` has been told. */
  get ended(): boolean {
    throw new Error('in the making');
  }
}
