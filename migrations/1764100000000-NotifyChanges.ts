import { MigrationInterface, QueryRunner } from 'typeorm';

/** What replicas keep of an account in memory; other columns (leases, intents) concern nobody else. */
const SHARED = [
  'state',
  'state_reason',
  'draining',
  'ownership',
  'token_generation',
  'plan',
  'quota_at',
  'chatgpt_account_id',
  'chatgpt_user_id',
];

const notify = (kind: string, id: string): string =>
  `PERFORM pg_notify('codex_proxy', '${kind}:' || ${id} || ':' || current_setting('application_name', true));`;

/**
 * Postgres tells every replica which rows have changed, whoever changed them: the service, or an operator with SQL. SQLite has no
 * such thing and needs none: processes on one file look at its version.
 */
export class NotifyChanges1764100000000 implements MigrationInterface {
  readonly name = 'NotifyChanges1764100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.connection.options.type !== 'postgres') return;
    const differs = SHARED.map((column) => `OLD.${column} IS DISTINCT FROM NEW.${column}`).join(' OR ');
    await queryRunner.query(`CREATE FUNCTION codex_proxy_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          IF ${differs} THEN ${notify('accounts', 'NEW.id')} END IF;
          RETURN NULL;
        END IF;
        ${notify('accounts', 'COALESCE(NEW.id, OLD.id)')}
        RETURN NULL;
      END $$`);
    await queryRunner.query(`CREATE FUNCTION codex_proxy_cooldown_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        ${notify('cooldowns', 'COALESCE(NEW.account_id, OLD.account_id)')}
        RETURN NULL;
      END $$`);
    for (const [table, name] of TABLES) {
      await queryRunner.query(
        `CREATE TRIGGER ${name} AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${name}()`,
      );
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.connection.options.type !== 'postgres') return;
    for (const [table, name] of TABLES) {
      await queryRunner.query(`DROP TRIGGER ${name} ON ${table}`);
      await queryRunner.query(`DROP FUNCTION ${name}()`);
    }
  }
}

const TABLES = [
  ['accounts', 'codex_proxy_account_changed'],
  ['cooldowns', 'codex_proxy_cooldown_changed'],
] as const;
