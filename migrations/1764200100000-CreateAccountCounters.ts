import { MigrationInterface, QueryRunner, Table, TableColumnOptions } from 'typeorm';

const bigint = (name: string): TableColumnOptions => ({ name, type: 'bigint' });

const counters = new Table({
  name: 'account_counters',
  columns: [
    { name: 'account_id', type: 'varchar', length: '36', isPrimary: true },
    bigint('requests'),
    bigint('aborted'),
    bigint('login_errors'),
    bigint('billing_errors'),
    bigint('forbidden_errors'),
    bigint('limit_errors'),
    bigint('overload_errors'),
    bigint('server_errors'),
    bigint('network_errors'),
    bigint('request_errors'),
    bigint('input_tokens'),
    bigint('cached_tokens'),
    bigint('output_tokens'),
    bigint('last_used_at'),
    bigint('last_error_at'),
    { name: 'last_error_class', type: 'varchar', length: '16' },
    { name: 'last_error', type: 'text' },
  ],
});

const writers = new Table({
  name: 'counter_writers',
  columns: [{ name: 'id', type: 'varchar', length: '32', isPrimary: true }, { name: 'batch', type: 'integer' }, bigint('at')],
});

export class CreateAccountCounters1764200100000 implements MigrationInterface {
  readonly name = 'CreateAccountCounters1764200100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of [counters, writers]) await queryRunner.createTable(table.clone(), false, true, true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [writers, counters]) await queryRunner.dropTable(table.name);
  }
}
