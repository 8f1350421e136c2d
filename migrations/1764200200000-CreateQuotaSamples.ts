import { MigrationInterface, QueryRunner, Table } from 'typeorm';

const samples = new Table({
  name: 'quota_samples',
  columns: [
    { name: 'account_id', type: 'varchar', length: '36', isPrimary: true },
    { name: 'window_minutes', type: 'integer', isPrimary: true },
    { name: 'at', type: 'bigint', isPrimary: true },
    { name: 'used_percent', type: 'double precision' },
    { name: 'resets_at', type: 'bigint' },
  ],
  indices: [{ name: 'quota_samples_at', columnNames: ['at'] }],
});

export class CreateQuotaSamples1764200200000 implements MigrationInterface {
  readonly name = 'CreateQuotaSamples1764200200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(samples.clone(), false, true, true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(samples.name);
  }
}
