import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Config } from '../../config/config.js';
import { ProbeRounds } from './probe-rounds.service.js';
import { RecoveryRounds } from './recovery-rounds.service.js';

const PROBES = 'health-probes';
const RECOVERY = 'health-recovery';
/** While the backend answers nobody, a round is one probe, so it may come sooner. */
const TROUBLE_MS = 15_000;
/** How often the database is asked whether an account is due to be asked about again. */
const RECOVERY_LOOK_MS = 60_000;

/** Each pause is a tenth shorter or longer by chance, so that replicas that start together fall out of step. */
const jittered = (ms: number): number => ms * (0.9 + 0.2 * Math.random());

/** When rounds run: the next one begins a pause after the end of the one before. */
@Injectable()
export class HealthCron implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #closed = false;

  constructor(
    private readonly probes: ProbeRounds,
    private readonly recovery: RecoveryRounds,
    private readonly schedule: SchedulerRegistry,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    const { healthCheckInterval, healthCheckStartDelay, disabledRecoveryIntervalSec } = this.config;
    const firstMs = jittered(healthCheckStartDelay * 1000);
    const probeMs = healthCheckInterval * 1000;
    const lookMs = Math.min(disabledRecoveryIntervalSec * 1000, RECOVERY_LOOK_MS);
    const probe = (): Promise<unknown> => this.probes.run();
    if (probeMs > 0) this.#after(PROBES, firstMs, probe, () => (this.probes.trouble ? Math.min(probeMs, TROUBLE_MS) : probeMs));
    if (lookMs > 0)
      this.#after(
        RECOVERY,
        firstMs,
        () => this.recovery.run(),
        () => lookMs,
      );
  }

  beforeApplicationShutdown(): void {
    this.#closed = true;
    for (const name of [PROBES, RECOVERY]) this.#cancel(name);
  }

  #after(name: string, ms: number, work: () => Promise<unknown>, pauseMs: () => number): void {
    if (this.#closed) return;
    const round = (): void => {
      this.#cancel(name);
      void work().finally(() => this.#after(name, jittered(pauseMs()), work, pauseMs));
    };
    this.schedule.addTimeout(name, setTimeout(round, ms).unref());
  }

  #cancel(name: string): void {
    if (this.schedule.doesExist('timeout', name)) this.schedule.deleteTimeout(name);
  }
}
