import { isAway } from './is-away.js';

const coded = (code: string, message = 'something') => Object.assign(new Error(message), { code });

describe('isAway', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', '57P01', '57P03', '53300', '08006'])(
    'is so for %s',
    (code) => expect(isAway(coded(code))).toBe(true),
  );

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Client has encountered a connection error and is not queryable',
  ])('is so for pg saying: %s', (message) => expect(isAway(new Error(message))).toBe(true));

  it('looks into what an error was caused by, and into several at once', () => {
    expect(isAway(new Error('failed', { cause: coded('ECONNREFUSED') }))).toBe(true);
    expect(isAway(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]))).toBe(true);
  });

  it.each(['28P01', '3D000', '42P01', '23505'])('is not so for %s', (code) => expect(isAway(coded(code))).toBe(false));

  it('is not so for what is no error', () => expect(isAway('ECONNREFUSED')).toBe(false));
});
