import { MigrationInterface } from 'typeorm';
import { CreateAccounts1764000000000 } from './1764000000000-CreateAccounts.js';
import { CreateAccountCounters1764200100000 } from './1764200100000-CreateAccountCounters.js';
import { CreateQuotaSamples1764200200000 } from './1764200200000-CreateQuotaSamples.js';
import { CreateModelLists1764200400000 } from './1764200400000-CreateModelLists.js';
import { NotifyChanges1764100000000 } from './1764100000000-NotifyChanges.js';
import { RememberRemovals1764200300000 } from './1764200300000-RememberRemovals.js';

/** Every migration, in the order in which they run; the same list for SQLite and Postgres. */
export const migrations: (new () => MigrationInterface)[] = [
  CreateAccounts1764000000000,
  NotifyChanges1764100000000,
  CreateAccountCounters1764200100000,
  CreateQuotaSamples1764200200000,
  RememberRemovals1764200300000,
  CreateModelLists1764200400000,
];
