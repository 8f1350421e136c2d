import pg from 'pg';

/**
 * A connection whose end is noticed by who uses it next. Between the pool's listener and the query's there is a moment without any, and
 * a server that cuts connections (a failover, a restart) hits it; the event would end the process.
 */
export class PostgresClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
