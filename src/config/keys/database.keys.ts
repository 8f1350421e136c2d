import type { ValueCheck } from '../key-declaration.js';
import { nearest } from '../nearest.js';
import { Choice, Flag, Integer, Seconds, Text } from '../key.decorators.js';

export type DatabaseDriver = 'sqlite' | 'postgres';

const DRIVERS: Readonly<Record<string, DatabaseDriver>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  pg: 'postgres',
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
};

/** The driver behind a name or one of its aliases. */
export const databaseDriver = (name: string): DatabaseDriver | undefined => DRIVERS[name];

const driverFault: ValueCheck<string> = (name) => {
  if (databaseDriver(name)) return undefined;
  if (/^(mysql|mariadb)$/.test(name)) {
    return `be postgres or sqlite: ${name} is not supported, because replicas need row leases and change notices that only Postgres gives`;
  }
  const close = nearest(name, Object.keys(DRIVERS));
  return `be postgres or sqlite, not '${name}'${close ? `; did you mean ${close}?` : ''}`;
};

const dsnFault: ValueCheck<string> = (dsn) =>
  dsn === '' || /^postgres(ql)?:\/\/./.test(dsn) ? undefined : 'be a Postgres address: postgres://user:password@host:port/name';

export class DatabaseKeys {
  static readonly title = 'Database';

  @Flag('db-enabled', { about: 'false = SQLite at db-path; true = what db-driver names.' })
  dbEnabled = false;

  @Text('db-driver', { about: 'postgres (shared by any number of replicas) or sqlite; read when db-enabled is true.', check: driverFault })
  dbDriver = 'postgres';

  @Text('db-path', { about: 'SQLite file; its directory is created.', check: (path) => (path === '' ? 'name a file' : undefined) })
  dbPath = './data/codex-proxy.db';

  @Text('db-dsn', {
    about: 'Address of the Postgres database; when set it replaces db-host, db-port, db-user, db-password and db-name.',
    secret: true,
    check: dsnFault,
    example: 'postgres://user:password@127.0.0.1:5432/codex_proxy',
  })
  dbDsn = '';

  @Text('db-host', { about: 'Host of Postgres.' })
  dbHost = '127.0.0.1';

  @Integer('db-port', { about: 'Port of Postgres.', min: 1, max: 65_535 })
  dbPort = 5432;

  @Text('db-user', { about: 'User of Postgres.' })
  dbUser = '';

  @Text('db-password', { about: 'Password of Postgres.', secret: true, example: 'your-database-password' })
  dbPassword = '';

  @Text('db-name', { about: 'Database of Postgres.' })
  dbName = 'codex_proxy';

  @Choice('db-sslmode', ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'], { about: 'TLS towards Postgres.' })
  dbSslmode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' = 'disable';

  @Integer('db-max-open-conns', { about: 'Most connections to Postgres; 0 = chosen by the service.', min: 0, max: 512 })
  dbMaxOpenConns = 0;

  @Seconds('db-conn-max-lifetime-sec', {
    about: 'A connection to Postgres is replaced after this time; 0 = 30 minutes.',
    min: 0,
    max: 86_400,
  })
  dbConnMaxLifetimeSec = 0;

  @Seconds('db-start-wait-sec', {
    about: 'How long a start waits for a Postgres that is away or starting itself, before it ends; 0 = not at all.',
    min: 0,
    max: 3_600,
  })
  dbStartWaitSec = 60;

  @Integer('db-max-idle-conns', { about: 'Most idle connections to Postgres.', noEffect: 'idle connections are closed after a short time' })
  dbMaxIdleConns = 0;
}
