import { Choice, TextList } from '../key.decorators.js';

export class AccessKeys {
  static readonly title = 'API keys';

  @TextList('api-keys', {
    about: 'Keys that clients must send (Authorization: Bearer, x-api-key or api-key); empty = open to everybody who reaches the port.',
    secret: true,
    example: ['sk-your-custom-key'],
  })
  apiKeys: readonly string[] = [];

  @TextList('admin-keys', {
    about: 'Keys of operators, for /stats, /refresh, /check-quota and /recover-auth only; empty = every one of api-keys may use those.',
    secret: true,
    example: ['sk-your-admin-key'],
  })
  adminKeys: readonly string[] = [];

  @Choice('limits-when-database-down', ['local', 'deny'], {
    about: 'While the database is away, limits of a key are counted by each replica (local), or such keys are refused (deny).',
    notYet: true,
  })
  limitsWhenDatabaseDown: 'local' | 'deny' = 'local';
}
