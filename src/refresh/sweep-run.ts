import type { RefreshResult } from './refresh-result.js';

export type SweepReport = Record<RefreshResult['kind'], number>;

/** What one sweep has come to so far. */
export class SweepRun {
  readonly tried = new Set<string>();
  readonly report: SweepReport = { renewed: 0, refused: 0, unavailable: 0 };
  #failuresInRow = 0;

  /** `patience`: failures of the token endpoint in a row after which nobody else is sent there. */
  constructor(private readonly patience: number) {}

  /** Whether the token endpoint fails everybody: the others would only lose their turn. */
  get hopeless(): boolean {
    return this.#failuresInRow >= this.patience;
  }

  note(result: RefreshResult): void {
    this.report[result.kind]++;
    if (result.kind !== 'unavailable') this.#failuresInRow = 0;
    else if (result.endpoint === 'failed') this.#failuresInRow++;
  }
}
