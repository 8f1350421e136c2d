import { Flag, Integer, Seconds } from '../key.decorators.js';

export class RetryKeys {
  static readonly title = 'Retries and cooldowns';

  @Integer('max-retry', {
    about: 'Further attempts after a failed one, on other accounts; attempts in all = max-retry + 1.',
    min: 0,
    max: 100,
  })
  maxRetry = 2;

  @Seconds('request-retry-budget-sec', {
    about: 'No new attempt starts after this time since the request came in; 0 = no limit.',
    min: 0,
    max: 3600,
  })
  requestRetryBudgetSec = 120;

  @Integer('empty-retry-max', { about: 'Further attempts after an empty answer, within max-retry.', min: 0, max: 100 })
  emptyRetryMax = 2;

  @Seconds('cooldown-401-sec', {
    about: 'Pause of an account whose fresh token is refused, rising when it happens again.',
    min: 1,
    max: 86_400,
  })
  cooldown401Sec = 30;

  @Seconds('cooldown-429-sec', { about: 'Pause of an account after a 429 that names no time.', min: 1, max: 86_400 })
  cooldown429Sec = 60;

  @Flag('enable-healthy-retry', {
    about: 'Prefer healthy accounts for further attempts.',
    noEffect: 'every attempt takes the best account that can serve the request',
  })
  enableHealthyRetry = true;

  @Flag('enable-429-concurrent-retry', {
    about: 'Ask several accounts at once after a 429.',
    noEffect: 'attempts go out one after another, so that a request never costs several answers',
  })
  enable429ConcurrentRetry = false;

  @Seconds('concurrent-retry-429-timeout-sec', {
    about: 'Limit of enable-429-concurrent-retry.',
    noEffect: 'attempts go out one after another',
  })
  concurrentRetry429TimeoutSec = 0;
}
