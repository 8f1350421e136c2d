import { Flag, Integer, Seconds, Text, ValueMap } from '../key.decorators.js';
import { actionsFault, policyFault, stepFault } from '../status-rules.js';

export class QuotaKeys {
  static readonly title = 'Quota';

  @Integer('quota-check-concurrency', {
    about: 'Most quota queries at the same time; 0 = refresh-concurrency. The service itself asks at most eight at a time.',
    min: 0,
    max: 1000,
  })
  quotaCheckConcurrency = 0;

  @Seconds('quota-check-cache-ttl-sec', { about: 'A quota younger than this is not queried again.', min: 0, max: 86_400 })
  quotaCheckCacheTtlSec = 30;

  @Flag('quota-precheck', {
    about:
      'Query the quota of an account before it is used, unless it is known and younger than quota-check-cache-ttl-sec; delays a request by at most a second.',
  })
  quotaPrecheck = false;

  @Text('quota-http-429-action', {
    about: 'What a 429 of the usage endpoint does to an account: cooldown, disable or remove (to the trash); empty = nothing.',
    check: stepFault,
  })
  quotaHttp429Action = '';

  @ValueMap('quota-http-status-actions', {
    about: 'The same for statuses of the usage endpoint; empty = built-in rules.',
    check: actionsFault,
    example: { 403: 'cooldown' },
  })
  quotaHttpStatusActions: Readonly<Record<string, unknown>> = {};

  @ValueMap('quota-http-status-policy', {
    about:
      'The same with what is tried first (phase none, refresh_once or cooldown_then_retry) and what happens then (final); wins over the other two.',
    check: policyFault,
    example: { 403: { phase: 'cooldown_then_retry', final: 'disable' } },
  })
  quotaHttpStatusPolicy: Readonly<Record<string, unknown>> = {};
}
