import { Flag, Integer, Seconds, Text, ValueMap } from '../key.decorators.js';

export class QuotaKeys {
  static readonly title = 'Quota';

  @Integer('quota-check-concurrency', {
    about: 'Most quota queries at the same time; 0 = refresh-concurrency.',
    min: 0,
    max: 1000,
    notYet: true,
  })
  quotaCheckConcurrency = 0;

  @Seconds('quota-check-cache-ttl-sec', { about: 'A quota younger than this is not queried again.', min: 0, max: 86_400, notYet: true })
  quotaCheckCacheTtlSec = 30;

  @Flag('quota-precheck', { about: 'Query the quota of an account before it is used.', notYet: true })
  quotaPrecheck = false;

  @Text('quota-http-429-action', { about: 'What a 429 of the usage endpoint does to an account; empty = nothing.', notYet: true })
  quotaHttp429Action = '';

  @ValueMap('quota-http-status-actions', {
    about: 'What other statuses of the usage endpoint do to an account; empty = built-in rules.',
    notYet: true,
  })
  quotaHttpStatusActions: Readonly<Record<string, unknown>> = {};

  @ValueMap('quota-http-status-policy', { about: 'The same with a first and a final step; empty = built-in rules.', notYet: true })
  quotaHttpStatusPolicy: Readonly<Record<string, unknown>> = {};
}
