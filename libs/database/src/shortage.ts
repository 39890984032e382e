import { tlsFault } from '@app/settings';

/** What Postgres is short of, so that a request can be made again later: never the fault of whoever asked. */
export type DatabaseShortage =
  'database_unavailable' | 'database_busy' | 'database_full' | 'database_read_only' | 'database_out_of_memory';

/**
 * What an error of pg or TypeORM says that Postgres is short of; undefined when it is about the statement itself.
 * Nothing else of ours may be asked with it: a bare ECONNREFUSED is taken for the database's.
 */
export function databaseShortage(error: unknown): DatabaseShortage | undefined {
  for (const one of chainOf(error)) {
    const found = bySqlState(codeOf(one)) ?? bySystemCode(one) ?? byWords(one);
    if (found) return found;
  }
  return undefined;
}

/**
 * An error, what it wraps (TypeORM's `driverError`, `cause`), and those of an AggregateError: Node makes one of all
 * addresses.
 */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  const visit = (one: unknown) => {
    if (!(one instanceof Error) || chain.includes(one)) return;
    chain.push(one);
    if ('driverError' in one) visit(one.driverError);
    if (one instanceof AggregateError) one.errors.forEach(visit);
    visit(one.cause);
  };
  visit(error);
  return chain;
}

const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function bySqlState(code: string): DatabaseShortage | undefined {
  if (!/^[0-9A-Z]{5}$/.test(code)) return undefined;
  switch (code) {
    case '53100':
      return 'database_full';
    case '53200':
      return 'database_out_of_memory';
    // Also what a standby says, which stands in while its primary is away.
    case '25006':
      return 'database_read_only';
    // Shut down (01), crashed (02), starting up (03), its database dropped (04), idle for too long (05); not 57014, a
    // cancel. 58030 is an error of the disk; 3D000: the database is being restored or renamed; 55000: it takes no
    // connections (ALLOW_CONNECTIONS), which nothing else of ours can be answered with; 25P03: idle in a transaction
    // for too long, of which its connection has ended.
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P04':
    case '57P05':
    case '58030':
    case '3D000':
    case '55000':
    case '25P03':
      return 'database_unavailable';
    default:
  }
  // No connection is free, or a limit of the server is reached.
  if (code.startsWith('53')) return 'database_busy';
  // 08: the connection broke; a pooler refuses with it as well. 28: the password was changed.
  return code.startsWith('08') || code.startsWith('28') ? 'database_unavailable' : undefined;
}

const SYSTEM_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
];

function bySystemCode(error: Error): DatabaseShortage | undefined {
  // Node's word for a request whose sender has gone away.
  if (error.message === 'aborted') return undefined;
  // A certificate may run out while we are up.
  return SYSTEM_CODES.includes(codeOf(error)) || tlsFault(error) ? 'database_unavailable' : undefined;
}

/** The messages of pg, its pool and TypeORM that come without a code. */
function byWords({ name, message }: Error): DatabaseShortage | undefined {
  // The pool's own: every connection was in use for as long as one waits.
  if (message === 'timeout exceeded when trying to connect') return 'database_busy';
  // A runner whose connection broke in the middle of a transaction.
  if (/^QueryRunner(Provider)?AlreadyReleasedError$/.test(name)) return 'database_unavailable';
  return /^(Connection terminated|timeout expired|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after calling end)/.test(
    message,
  )
    ? 'database_unavailable'
    : undefined;
}
