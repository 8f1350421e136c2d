import type { ConnectionOptions, TlsOptions } from 'node:tls';
import type { DataSourceOptions } from 'typeorm';
import { migrations } from '#migrations';
import { Config } from '../config/config.js';
import { APPLICATION_NAME } from './instance.js';
import { PostgresClient } from './postgres-client.js';
import { BUSY_TIMEOUT_MS, prepareSqlite } from './sqlite-file.js';

/** The members of Config that choose and describe the database. */
export type DatabaseConfig = Pick<
  Config,
  | 'databaseDriver'
  | 'dbPath'
  | 'dbHost'
  | 'dbPort'
  | 'dbUser'
  | 'dbPassword'
  | 'dbName'
  | 'dbSslmode'
  | 'dbDsn'
  | 'dbMaxOpenConns'
  | 'dbConnMaxLifetimeSec'
>;

const AUTO_POOL_SIZE = 10;
const MAX_POOL_SIZE = 512;
const DEFAULT_LIFETIME_SEC = 1_800;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** On this side of the wire: ends a query whose server vanished without a word. */
const QUERY_TIMEOUT_MS = 20_000;

/** Config → options of the one data source. Entities are added by the modules that own them. */
export function databaseOptions(config: DatabaseConfig): DataSourceOptions {
  return config.databaseDriver === 'postgres' ? postgresOptions(config) : sqliteOptions(config.dbPath);
}

function sqliteOptions(path: string): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: path,
    timeout: BUSY_TIMEOUT_MS,
    prepareDatabase: prepareSqlite,
    migrations,
    synchronize: false,
    logging: false,
  };
}

function postgresOptions(config: DatabaseConfig): DataSourceOptions {
  return {
    type: 'postgres',
    ...(config.dbDsn
      ? { url: config.dbDsn }
      : {
          host: config.dbHost,
          port: config.dbPort,
          username: config.dbUser || undefined,
          password: config.dbPassword || undefined,
          database: config.dbName,
          ssl: sslOptions(config.dbSslmode),
        }),
    applicationName: APPLICATION_NAME,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    poolSize: Math.min(config.dbMaxOpenConns || AUTO_POOL_SIZE, MAX_POOL_SIZE),
    extra: {
      Client: PostgresClient,
      keepAlive: true,
      // An idle connection does not hold a process that has nothing else to do: a start that failed ends at once.
      allowExitOnIdle: true,
      maxLifetimeSeconds: config.dbConnMaxLifetimeSec || DEFAULT_LIFETIME_SEC,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      // A server or role may have it off; then a crash could forget a refresh token that the vendor has already rotated.
      options: '-c synchronous_commit=on',
    },
    migrations,
    synchronize: false,
    logging: false,
  };
}

/** libpq's words. `allow` and `prefer` cannot be negotiated by this driver and mean what they permit: no TLS. */
function sslOptions(mode: string): false | TlsOptions {
  const verifyChainOnly: ConnectionOptions = { rejectUnauthorized: true, checkServerIdentity: () => undefined };
  if (mode === 'require') return { rejectUnauthorized: false };
  if (mode === 'verify-ca') return verifyChainOnly as TlsOptions;
  if (mode === 'verify-full') return { rejectUnauthorized: true };
  return false;
}
