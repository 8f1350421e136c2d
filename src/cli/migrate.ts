import { readFileSync, writeFileSync } from 'node:fs';
import { argv, env } from 'node:process';
import { Clock } from '../common/clock.js';
import { loadConfig } from '../config/load-config.js';
import { databaseOptions } from '../database/database.options.js';
import { revertMigration, runMigrations } from '../database/migration-runner.js';
import { connectDatabase } from '../database/open-database.js';
import { parseArguments } from './arguments.js';

const USAGE = 'Usage: npm run migration:run | migration:revert [-- --config FILE], npm run migration:create -- NameOfChange';
const INDEX = 'migrations/index.ts';

/** `npm run migration:*`: works on the database that the configuration names. */
async function main([action, ...rest]: readonly string[]): Promise<string> {
  if (action === 'create') return createMigration(rest[0] ?? '');
  if (action !== 'run' && action !== 'revert') throw new Error(USAGE);
  const { config } = loadConfig({ file: parseArguments(rest).configFile, env });
  const dataSource = await connectDatabase(databaseOptions(config));
  try {
    if (action === 'revert') return await revertMigration(dataSource, new Clock()).then(() => 'the latest migration is taken back');
    const done = await runMigrations(dataSource, new Clock());
    return done.length > 0 ? `migrated: ${done.join(', ')}` : 'nothing to migrate';
  } finally {
    await dataSource.destroy();
  }
}

/** A new file with the time in its name, and its line in the list. */
function createMigration(name: string): string {
  if (!/^[A-Z][A-Za-z0-9]+$/.test(name)) throw new Error(`a migration needs a name in PascalCase. ${USAGE}`);
  const timestamp = Date.now();
  const className = `${name}${timestamp}`;
  const file = `migrations/${timestamp}-${name}.ts`;
  writeFileSync(file, template(className), { flag: 'wx' });
  const index = readFileSync(INDEX, 'utf8');
  const withImport = index.replace(/\n\n/, `\nimport { ${className} } from './${timestamp}-${name}.js';\n\n`);
  writeFileSync(INDEX, withImport.replace(/\];\s*$/, `, ${className}];\n`));
  return `${file} (listed in ${INDEX})`;
}

const template = (className: string): string => `import { MigrationInterface, QueryRunner } from 'typeorm';

/** One file for SQLite and Postgres: portable types, no defaults of the database. */
export class ${className} implements MigrationInterface {
  readonly name = '${className}';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT 1');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT 1');
  }
}
`;

main(argv.slice(2)).then(
  (line) => console.log(line),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
