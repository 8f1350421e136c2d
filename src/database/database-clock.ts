import { DataSource } from 'typeorm';

/**
 * SQL for the present instant in epoch ms; bind `now` for it. Several replicas on one Postgres have clocks of their own,
 * so leases there go by the server's; processes on one SQLite file share a machine and its clock.
 */
export const instantSql = (dataSource: DataSource): string =>
  dataSource.options.type === 'postgres' ? '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint' : 'CAST(:now AS bigint)';
