import { Integer, Seconds } from '../key.decorators.js';

export class HealthKeys {
  static readonly title = 'Health checks of accounts';

  @Seconds('health-check-interval', {
    about: 'Interval of health checks of accounts that no request has used; 0 = off.',
    min: 0,
    max: 864_000,
  })
  healthCheckInterval = 300;

  @Integer('health-check-max-failures', {
    about: 'Refused health checks in a row after which an account is taken out of service.',
    min: 1,
    max: 1000,
  })
  healthCheckMaxFailures = 3;

  @Integer('health-check-concurrency', { about: 'Most health checks at the same time.', min: 1, max: 128 })
  healthCheckConcurrency = 5;

  @Seconds('health-check-start-delay', { about: 'Time from the start to the first health check.', min: 0, max: 86_400 })
  healthCheckStartDelay = 45;

  @Integer('health-check-batch-size', { about: 'Most accounts that one round checks; 0 = all that are due.', min: 0, max: 100_000 })
  healthCheckBatchSize = 20;

  @Seconds('health-check-request-timeout', { about: 'Limit for one health check.', min: 1, max: 600 })
  healthCheckRequestTimeout = 8;

  @Seconds('disabled-recovery-interval-sec', {
    about: 'Interval of attempts to bring back accounts that were taken out of service by what statuses suggest; 0 = none.',
    min: 0,
    max: 864_000,
  })
  disabledRecoveryIntervalSec = 3600;
}
