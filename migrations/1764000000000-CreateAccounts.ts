import { MigrationInterface, QueryRunner, Table, TableColumnOptions, TableIndexOptions } from 'typeorm';

const text = (name: string): TableColumnOptions => ({ name, type: 'text' });
const varchar = (name: string, length: number): TableColumnOptions => ({ name, type: 'varchar', length: String(length) });
const bigint = (name: string): TableColumnOptions => ({ name, type: 'bigint' });
const integer = (name: string): TableColumnOptions => ({ name, type: 'integer' });
const flag = (name: string): TableColumnOptions => ({ name, type: 'boolean' });
const key = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isPrimary: true });

const index = (name: string, columnNames: string[], isUnique = false): TableIndexOptions => ({ name, columnNames, isUnique });

const accounts = new Table({
  name: 'accounts',
  columns: [
    key(varchar('id', 36)),
    varchar('chatgpt_account_id', 128),
    varchar('chatgpt_user_id', 160),
    varchar('email', 320),
    varchar('plan', 64),
    flag('fedramp'),
    varchar('ownership', 8),
    varchar('state', 16),
    varchar('state_reason', 120),
    text('state_evidence'),
    bigint('state_since'),
    bigint('state_until'),
    flag('draining'),
    text('access_token'),
    text('refresh_token'),
    text('id_token'),
    bigint('access_expires_at'),
    bigint('last_refresh_at'),
    integer('token_generation'),
    varchar('refresh_owner', 64),
    bigint('refresh_lease_until'),
    varchar('refresh_intent', 64),
    bigint('refresh_intent_at'),
    integer('refresh_failures'),
    bigint('refresh_not_before'),
    text('quota'),
    bigint('quota_at'),
    bigint('created_at'),
    bigint('updated_at'),
  ],
  indices: [
    index('accounts_identity', ['chatgpt_account_id', 'chatgpt_user_id'], true),
    index('accounts_user', ['chatgpt_user_id']),
    index('accounts_refresh_due', ['state', 'access_expires_at']),
    index('accounts_refresh_intent', ['refresh_intent_at']),
  ],
});

const cooldowns = new Table({
  name: 'cooldowns',
  columns: [
    key(varchar('account_id', 36)),
    key(varchar('model', 128)),
    bigint('until'),
    bigint('since'),
    varchar('cause', 24),
    varchar('source', 40),
  ],
  indices: [index('cooldowns_until', ['until'])],
});

const accountFiles = new Table({
  name: 'account_files',
  columns: [
    key(varchar('path', 1024)),
    key(varchar('account_id', 36)),
    varchar('content_hash', 64),
    varchar('token_hash', 64),
    flag('single'),
    bigint('seen_at'),
    bigint('removed_at'),
  ],
  indices: [index('account_files_account', ['account_id']), index('account_files_token', ['token_hash'])],
});

const ciphertextOwners = new Table({
  name: 'ciphertext_owners',
  columns: [key(varchar('hash', 64)), varchar('account_id', 36), bigint('at')],
  indices: [index('ciphertext_owners_at', ['at'])],
});

const settings = new Table({ name: 'settings', columns: [key(varchar('key', 64)), text('value')] });

const tables = [accounts, cooldowns, accountFiles, ciphertextOwners, settings];

export class CreateAccounts1764000000000 implements MigrationInterface {
  readonly name = 'CreateAccounts1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of tables) await queryRunner.createTable(table.clone(), false, true, true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...tables].reverse()) await queryRunner.dropTable(table.name);
  }
}
