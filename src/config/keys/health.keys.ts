import { Integer, Seconds } from '../key.decorators.js';

export class HealthKeys {
  static readonly title = 'Health checks of accounts';

  @Seconds('health-check-interval', { about: 'Interval of health checks; 0 = off.', min: 0, max: 864_000, notYet: true })
  healthCheckInterval = 300;

  @Integer('health-check-max-failures', {
    about: 'Consecutive failures after which an account is disabled.',
    min: 1,
    max: 1000,
    notYet: true,
  })
  healthCheckMaxFailures = 3;

  @Integer('health-check-concurrency', { about: 'Most health checks at the same time.', min: 1, max: 128, notYet: true })
  healthCheckConcurrency = 5;

  @Seconds('health-check-start-delay', { about: 'Time from the start to the first health check.', min: 0, max: 86_400, notYet: true })
  healthCheckStartDelay = 45;

  @Integer('health-check-batch-size', { about: 'Accounts that one round checks.', min: 0, max: 100_000, notYet: true })
  healthCheckBatchSize = 20;

  @Seconds('health-check-request-timeout', { about: 'Limit for one health check.', min: 1, max: 600, notYet: true })
  healthCheckRequestTimeout = 8;

  @Seconds('disabled-recovery-interval-sec', {
    about: 'Interval of attempts to bring disabled accounts back; 0 = none.',
    min: 0,
    max: 864_000,
    notYet: true,
  })
  disabledRecoveryIntervalSec = 3600;
}
