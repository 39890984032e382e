import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { databaseShortage } from './shortage.js';

const withCode = (code: string, message = 'said by the server') => Object.assign(new Error(message), { code });

describe('what Postgres is short of', () => {
  it.each([
    ['08000', 'database_unavailable'],
    ['08001', 'database_unavailable'],
    ['08003', 'database_unavailable'],
    ['08004', 'database_unavailable'],
    ['08006', 'database_unavailable'],
    ['08007', 'database_unavailable'],
    ['08P01', 'database_unavailable'],
    ['28000', 'database_unavailable'],
    ['28P01', 'database_unavailable'],
    ['3D000', 'database_unavailable'],
    ['55000', 'database_unavailable'],
    ['25P03', 'database_unavailable'],
    ['57P01', 'database_unavailable'],
    ['57P02', 'database_unavailable'],
    ['57P03', 'database_unavailable'],
    ['57P04', 'database_unavailable'],
    ['57P05', 'database_unavailable'],
    ['58030', 'database_unavailable'],
    ['53000', 'database_busy'],
    ['53300', 'database_busy'],
    ['53400', 'database_busy'],
    ['53100', 'database_full'],
    ['53200', 'database_out_of_memory'],
    ['25006', 'database_read_only'],
    ['ECONNREFUSED', 'database_unavailable'],
    ['ECONNRESET', 'database_unavailable'],
    ['ECONNABORTED', 'database_unavailable'],
    ['ETIMEDOUT', 'database_unavailable'],
    ['EPIPE', 'database_unavailable'],
    ['EHOSTUNREACH', 'database_unavailable'],
    ['EHOSTDOWN', 'database_unavailable'],
    ['ENETUNREACH', 'database_unavailable'],
    ['ENETDOWN', 'database_unavailable'],
    ['ENOTFOUND', 'database_unavailable'],
    ['EAI_AGAIN', 'database_unavailable'],
    ['CERT_HAS_EXPIRED', 'database_unavailable'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'database_unavailable'],
    // About the statement, or a mistake of ours.
    ['22001', undefined],
    ['22003', undefined],
    ['23505', undefined],
    ['25001', undefined],
    ['25P02', undefined],
    ['40001', undefined],
    ['40P01', undefined],
    ['42P01', undefined],
    ['42501', undefined],
    ['55P03', undefined],
    ['57014', undefined],
    ['XX000', undefined],
    ['ENOENT', undefined],
    ['EADDRINUSE', undefined],
    ['', undefined],
  ])('with code %s: %s', (code, shortage) => {
    expect(databaseShortage(withCode(code))).toBe(shortage);
    expect(databaseShortage(new QueryFailedError('SELECT 1', [], withCode(code)))).toBe(shortage);
  });

  it.each([
    ['timeout exceeded when trying to connect', 'database_busy'],
    ['Connection terminated', 'database_unavailable'],
    ['Connection terminated unexpectedly', 'database_unavailable'],
    ['Connection terminated due to connection timeout', 'database_unavailable'],
    ['Client has encountered a connection error and is not queryable', 'database_unavailable'],
    ['Client was closed and is not queryable', 'database_unavailable'],
    ['Query read timeout', 'database_unavailable'],
    ['Cannot use a pool after calling end on the pool', 'database_unavailable'],
    ['no row has this id', undefined],
    ['', undefined],
  ])('without a code, "%s": %s', (message, shortage) => {
    expect(databaseShortage(new Error(message))).toBe(shortage);
    expect(databaseShortage(new Error('wrapped', { cause: new Error(message) }))).toBe(shortage);
  });

  it('is seen where a transaction lost its connection, and where every address of a host refuses', () => {
    expect(databaseShortage(new QueryRunnerAlreadyReleasedError())).toBe('database_unavailable');
    expect(databaseShortage(new QueryRunnerProviderAlreadyReleasedError())).toBe('database_unavailable');
    expect(databaseShortage(new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]))).toBe(
      'database_unavailable',
    );
  });

  it('is not seen in what is no error or a client that went away, and a circle of causes ends', () => {
    const circle = new Error('one');
    circle.cause = new Error('other', { cause: circle });
    expect(databaseShortage(withCode('ECONNRESET', 'aborted'))).toBeUndefined();
    for (const value of [undefined, null, '53300', { code: '53300' }, circle]) {
      expect(databaseShortage(value)).toBeUndefined();
    }
  });
});
