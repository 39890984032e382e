const SOCKET_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'],
  ...['ENOENT'],
]);
/** Connections that fail, servers that start or stop, and those that have no connection left. */
const SQL_STATES = /^(08...|57P0[1-5]|53300)$/;
const PG_WORDS = /^(Connection terminated|timeout e|Client has encountered a connection error)/;

/** Whether an error says that Postgres is not there at the moment: the same may succeed later. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (SOCKET_CODES.has(code) || SQL_STATES.test(code) || PG_WORDS.test(error.message)) return true;
  return (error instanceof AggregateError && error.errors.some((one) => isAway(one))) || isAway(error.cause);
}
