import { MigrationInterface, QueryRunner } from 'typeorm';

/** When an inferred verdict took an account out of service, so that all replicas together stay within the limit of an hour. */
export class RememberRemovals1764200300000 implements MigrationInterface {
  readonly name = 'RememberRemovals1764200300000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // A column that comes later needs a default for the rows that are there; SQLite cannot take it away again.
    await queryRunner.query('ALTER TABLE accounts ADD COLUMN taken_out_at bigint NOT NULL DEFAULT 0');
    await queryRunner.query('CREATE INDEX accounts_taken_out ON accounts (taken_out_at)');
    // Until now only verdicts inferred from statuses disabled accounts.
    await queryRunner.query("UPDATE accounts SET state_reason = SUBSTR('inferred:' || state_reason, 1, 120) WHERE state = 'disabled'");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("UPDATE accounts SET state_reason = SUBSTR(state_reason, 10) WHERE state_reason LIKE 'inferred:%'");
    await queryRunner.query('DROP INDEX accounts_taken_out');
    await queryRunner.query('ALTER TABLE accounts DROP COLUMN taken_out_at');
  }
}
