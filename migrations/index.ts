import { MigrationInterface } from 'typeorm';
import { CreateAccounts1764000000000 } from './1764000000000-CreateAccounts.js';

/** Every migration, in the order in which they run; the same list for SQLite and Postgres. */
export const migrations: (new () => MigrationInterface)[] = [CreateAccounts1764000000000];
