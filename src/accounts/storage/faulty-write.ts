/** SQLSTATE classes: data exception, integrity constraint violation. */
const POSTGRES_FAULT = /^2[23][0-9A-Z]{3}$/;
const SQLITE_FAULT = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

/**
 * Whether the database has refused what was written, for good. Everything else passes: a database that is away, only reads, is full or
 * locked may answer questions meanwhile, and takes the same write later.
 */
export function isWrongInItself(error: unknown): boolean {
  const { driverError, code } = error as { driverError?: { code?: unknown }; code?: unknown };
  const told = driverError?.code ?? code;
  return typeof told === 'string' && (POSTGRES_FAULT.test(told) || SQLITE_FAULT.test(told));
}
