import { Unfit } from '@app/settings';
import { isDatabaseAway, whyNotStarted, withSetting } from './why-not-started.js';

const withCode = (code: string, message: string) => Object.assign(new Error(message), { code });

describe('why a start came to nothing', () => {
  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432', /does not answer.*ECONNREFUSED/],
    ['53300', 'sorry, too many clients already', /all are in use.*too many clients/],
    ['53100', 'No space left on device', /disk of the database is full/],
    ['25006', 'cannot execute CREATE TABLE in a read-only transaction', /takes no writes/],
    ['53200', 'out of memory', /short of memory/],
  ])('with %s is told in one line', (code, message, line) => {
    const told = whyNotStarted(withCode(code, message));
    expect(told).toMatch(line);
    expect(told).not.toContain('\n');
  });

  it('is told of a server that cannot be worked with', () => {
    expect(whyNotStarted(new Unfit('DATABASE_URL', 'leads to a pooler'))).toBe('DATABASE_URL leads to a pooler');
  });

  it('is told of a role that may not do what the owner of the tables does', () => {
    const told = whyNotStarted(withCode('42501', 'permission denied for schema public'));
    expect(told).toMatch(/^The role of DATABASE_URL lacks a right \(permission denied for schema public\)/);
  });

  it.each([
    ['ECONNREFUSED', /^The database of MIGRATION_DATABASE_URL does not answer/],
    ['42501', /^The role of MIGRATION_DATABASE_URL lacks a right \(said\)/],
  ])('names the setting of two whose database said %s', async (code, line) => {
    const failed = withSetting('MIGRATION_DATABASE_URL', () => Promise.reject(withCode(code, 'said')));
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(whyNotStarted(error)).toMatch(line);
    await expect(withSetting('DATABASE_URL', () => Promise.reject(error as Error))).rejects.toBe(error);
  });

  it('is not told of other errors, whose stacks somebody needs', () => {
    expect(whyNotStarted(new TypeError('x is not a function'))).toBeUndefined();
    const ofQueue = Object.assign(withCode('queue_unavailable', 'x'), { cause: withCode('ECONNREFUSED', 'x') });
    expect(whyNotStarted(ofQueue)).toBeUndefined();
    expect(whyNotStarted(withCode('42P01', 'relation does not exist'))).toBeUndefined();
  });
});

describe('a database that is away at the start', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'ENOENT',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'ECONNRESET',
    '57P01',
    '57P03',
    '55000',
    '53300',
    '08006',
  ])('is waited for after %s', (code) => expect(isDatabaseAway(withCode(code, 'x'))).toBe(true));

  it.each(['timeout exceeded when trying to connect', 'Connection terminated unexpectedly', 'timeout expired'])(
    'is waited for when pg says: %s',
    (words) => expect(isDatabaseAway(new Error(words))).toBe(true),
  );

  it.each(['28P01', '3D000', '08P01', '25006', '53100', '42P01'])('is not waited for after %s', (code) =>
    expect(isDatabaseAway(withCode(code, 'x'))).toBe(false),
  );

  it('is not a pooler, whatever that has said', () => {
    const cause = withCode('08P01', 'unsupported startup parameter: options');
    expect(isDatabaseAway(new Unfit('DATABASE_URL', 'leads to a pooler', { cause }))).toBe(false);
  });
});
