import type { ProbeResult } from './account-probe.service.js';

/** So many accounts that fail one after the other, with no answer between them: it is the backend, or the way to it. */
const ENOUGH = 2;

/** Whether probes fail for everybody. Then one at a time is enough, until one is answered. */
export class FailingAlike {
  #failed = 0;

  get trouble(): boolean {
    return this.#failed >= ENOUGH;
  }

  /** Results of probes that ran together. `everybodyRefused`: fresh tokens of several accounts are refused at the moment. */
  note(results: readonly ProbeResult[], everybodyRefused: boolean): void {
    const of = (kind: ProbeResult['kind']): number => results.filter((result) => result.kind === kind).length;
    if (of('ok') > 0) this.#failed = 0;
    else if (everybodyRefused) this.#failed = ENOUGH;
    else if (of('refused') > 0) this.#failed = 0;
    else this.#failed += of('trouble');
  }
}
