import { MigrationInterface, QueryRunner, Table } from 'typeorm';

const refusals = new Table({
  name: 'model_refusals',
  columns: [
    { name: 'account_id', type: 'varchar', length: '36', isPrimary: true },
    { name: 'model', type: 'varchar', length: '128', isPrimary: true },
    { name: 'plan', type: 'varchar', length: '64' },
    { name: 'until', type: 'bigint' },
  ],
  indices: [{ name: 'model_refusals_until', columnNames: ['until'] }],
});

const lists = new Table({
  name: 'model_lists',
  columns: [
    { name: 'hash', type: 'varchar', length: '64', isPrimary: true },
    { name: 'etag', type: 'varchar', length: '256' },
    { name: 'body', type: 'text' },
    { name: 'seen_at', type: 'bigint' },
  ],
});

const holders = new Table({
  name: 'model_list_holders',
  columns: [
    { name: 'scope', type: 'varchar', length: '80', isPrimary: true },
    { name: 'account_id', type: 'varchar', length: '36' },
    { name: 'plan', type: 'varchar', length: '64' },
    { name: 'list_hash', type: 'varchar', length: '64' },
    { name: 'checked_at', type: 'bigint' },
  ],
  indices: [{ name: 'model_list_holders_checked', columnNames: ['checked_at'] }],
});

/** Which table tells other replicas of its rows, by which column, and of what. Refusals end by themselves: sweeping them tells nothing. */
const SHARED = [
  ['model_refusals', 'account_id', 'INSERT OR UPDATE'],
  ['model_list_holders', 'scope', 'INSERT OR UPDATE OR DELETE'],
] as const;

/** What the backend offers to plans and accounts, and what it refused them. */
export class CreateModelLists1764200400000 implements MigrationInterface {
  readonly name = 'CreateModelLists1764200400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of [refusals, lists, holders]) await queryRunner.createTable(table.clone(), false, true, true);
    if (queryRunner.connection.options.type !== 'postgres') return;
    for (const [table, key, changes] of SHARED) {
      const name = `codex_proxy_${table}_changed`;
      await queryRunner.query(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_notify('codex_proxy', '${table}:' || COALESCE(NEW.${key}, OLD.${key}) || ':' || current_setting('application_name', true));
          RETURN NULL;
        END $$`);
      await queryRunner.query(`CREATE TRIGGER ${name} AFTER ${changes} ON ${table} FOR EACH ROW EXECUTE FUNCTION ${name}()`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [holders, lists, refusals]) await queryRunner.dropTable(table.name);
    if (queryRunner.connection.options.type !== 'postgres') return;
    for (const [table] of SHARED) await queryRunner.query(`DROP FUNCTION codex_proxy_${table}_changed()`);
  }
}
