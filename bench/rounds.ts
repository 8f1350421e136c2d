import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { measureLoad } from './measure/load-measurement.ts';
import { untilQuiet } from './measure/machine.ts';
import { NotSupported } from './measure/probe.ts';
import { isFailure, isLoad, isStartup, type Outcome, type Result } from './measure/record.ts';
import type { Session } from './measure/session.ts';
import { measureStartup } from './measure/startup-measurement.ts';
import type { Scenario } from './scenarios.ts';
import type { Target } from './targets/target.ts';

export interface Plan {
  readonly targets: readonly Target[];
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  /** Epoch milliseconds after which no measurement begins. */
  readonly deadline: number;
  readonly noise: number;
}

export interface Measured {
  readonly results: readonly Result[];
  readonly skipped: readonly string[];
}

function brief(outcome: Outcome): string {
  if (isFailure(outcome)) return `FAILED ${outcome.failure.slice(0, 300)}`;
  if (isStartup(outcome)) {
    const sizes = Object.entries(outcome.sizes);
    return sizes.map(([n, x]) => `${n}: ${x.readyMs.toFixed(0)} ms ${(x.rssSettled / 1e6).toFixed(0)} MB`).join(', ');
  }
  const cpu = outcome.cpuReq ? `, ${outcome.cpuReq.toFixed(0)} µs/req` : '';
  const share = outcome.cpuPct ? `, CPU ${outcome.cpuPct.toFixed(0)} %` : '';
  const errors = outcome.errors ? `, ${outcome.errors} ERRORS` : '';
  return `${outcome.requests} requests${cpu}${share}, foreign ${outcome.foreignPct.toFixed(0)} %${errors}`;
}

/**
 * Rounds are the outer loop and targets the inner one (A B C, B C A, …), each measurement with a fresh process, so that a
 * slower or busier machine hits every target alike.
 */
export class Rounds {
  readonly #plan: Plan;
  readonly #session: Session;
  readonly #results: Result[] = [];
  readonly #skipped = new Map<string, string>();

  constructor(plan: Plan, session: Session) {
    this.#plan = plan;
    this.#session = session;
  }

  async run(): Promise<Measured> {
    const { rounds, scenarios, deadline } = this.#plan;
    for (let round = 1; round <= rounds; round++) {
      for (const scenario of scenarios) {
        for (const target of this.#order(round)) {
          if (Date.now() > deadline) return this.#measured('time is up');
          await this.#measure(round, scenario, target);
        }
      }
    }
    return this.#measured();
  }

  #measured(why?: string): Measured {
    if (why) console.error(why);
    return { results: this.#results, skipped: [...this.#skipped].map(([what, reason]) => `${what}: ${reason}`) };
  }

  #order(round: number): Target[] {
    const { targets } = this.#plan;
    return targets.map((_, i) => targets[(i + round - 1) % targets.length]!);
  }

  async #measure(round: number, scenario: Scenario, target: Target): Promise<void> {
    const what = `${scenario.id} ${target.name}`;
    if (this.#skipped.has(what)) return;
    const refusal = target.missing?.() ?? target.refuses?.(scenario);
    if (refusal) return void this.#skipped.set(what, refusal);
    const at = Date.now();
    await untilQuiet(this.#plan.noise);
    const outcome = await this.#quieter(scenario, target);
    if (outcome instanceof NotSupported) {
      console.error(`round ${round} ${what}: ${outcome.message}`);
      this.#skipped.set(what, outcome.message);
      return;
    }
    this.#results.push({ scenario: scenario.id, target: target.name, round, at, loadAverage: os.loadavg()[0]!, ...outcome });
    const seconds = ((Date.now() - at) / 1000).toFixed(1);
    console.error(`round ${round} ${scenario.id.padEnd(4)} ${target.name.padEnd(16)} ${seconds} s  ${brief(outcome)}`);
    await sleep(200);
  }

  /** When somebody else was busy: once more, and the quieter one counts. */
  async #quieter(scenario: Scenario, target: Target): Promise<(Outcome & { repeated?: boolean }) | NotSupported> {
    const first = await this.#attempt(scenario, target);
    if (first instanceof NotSupported || !isLoad(first)) return first;
    if (first.foreignPct <= this.#plan.noise || scenario.kind === 'soak') return first;
    const again = await this.#attempt(scenario, target);
    if (again instanceof NotSupported || !isLoad(again) || again.foreignPct >= first.foreignPct) return first;
    return { ...again, repeated: true };
  }

  async #attempt(scenario: Scenario, target: Target): Promise<Outcome | NotSupported> {
    const measure = scenario.kind === 'startup' ? measureStartup : measureLoad;
    try {
      return await measure(target, scenario, this.#session);
    } catch (e) {
      return e instanceof NotSupported ? e : { failure: (e as Error).message };
    }
  }
}
