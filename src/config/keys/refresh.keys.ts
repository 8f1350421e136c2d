import { Flag, Integer, Seconds, Text, ValueMap } from '../key.decorators.js';
import { policyFault, stepFault } from '../status-rules.js';

export class RefreshKeys {
  static readonly title = 'Token refresh';

  @Seconds('refresh-interval', {
    about: 'How early tokens are renewed: when they end within this time and 300 s. Looked for every 15 s, or this often if it is shorter.',
    min: 10,
    max: 864_000,
  })
  refreshInterval = 3000;

  @Integer('refresh-concurrency', { about: 'Most refreshes at the same time.', min: 1, max: 1000 })
  refreshConcurrency = 50;

  @Seconds('refresh-single-timeout-sec', { about: 'Limit for one refresh call.', min: 1, max: 600 })
  refreshSingleTimeoutSec = 30;

  @Integer('refresh-batch-size', {
    about: 'Accounts a sweep claims at a time; 0 = chosen by the service.',
    min: 0,
    max: 100_000,
  })
  refreshBatchSize = 0;

  @Text('refresh-http-429-action', {
    about: 'What a 429 of the token endpoint does to an account: cooldown, disable or remove (to the trash); empty = back-off.',
    check: stepFault,
  })
  refreshHttp429Action = '';

  @ValueMap('refresh-http-status-policy', {
    about:
      'What statuses of the token endpoint do to an account: what is tried first (phase none, refresh_once or cooldown_then_retry) and what happens then (final); wins over refresh-http-429-action; empty = back-off.',
    check: policyFault,
    example: { 403: { phase: 'refresh_once', final: 'disable' } },
  })
  refreshHttpStatusPolicy: Readonly<Record<string, unknown>> = {};

  @Integer('auth-401-sync-refresh-concurrency', {
    about: 'Most refreshes at the same time after a 401.',
    noEffect: 'requests share one refresh per account, within refresh-concurrency',
  })
  auth401SyncRefreshConcurrency = 0;

  @Flag('disable-auth-401-remove', {
    about: 'Keep accounts whose refresh is refused.',
    noEffect: 'nothing automatic ever removes an account',
  })
  disableAuth401Remove = false;
}
