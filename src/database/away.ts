/** SQLSTATE: connection trouble, the server is shutting down or starting, too many connections; a standby that is not promoted yet. */
const AWAY_STATE = /^(08|57P0|53300|25006)/;
const AWAY_SYSTEM = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EAI_AGAIN|ENOTFOUND)/;
/** The driver's own words, which come without a code. */
const AWAY_WORDS = /connection terminated|connection timeout|timeout exceeded when trying to connect|query read timeout|not queryable/i;

/**
 * Whether a Postgres could not be reached, or left in the middle, and may be there soon. A name that cannot be resolved counts: a container's
 * name is not known before it runs. A refused password, a database that does not exist or a faulty migration do not.
 */
export function isAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isAway);
  const { code, message, driverError } = (error ?? {}) as { code?: unknown; message?: unknown; driverError?: unknown };
  if (driverError) return isAway(driverError);
  if (typeof code === 'string' && (AWAY_STATE.test(code) || AWAY_SYSTEM.test(code))) return true;
  return typeof message === 'string' && AWAY_WORDS.test(message);
}
