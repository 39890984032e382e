import { z } from 'zod';
import { readSettings, SettingsInvalid } from './read-settings.js';
import { checkRetention } from './retention.js';
import { settings } from './settings.js';

const schema = z.object(settings).superRefine(checkRetention);
const MASTER_KEYS = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
const DATABASE_URL = 'postgres://u:p@localhost/retract';

function problemsOf(environment: NodeJS.ProcessEnv): string[] {
  try {
    readSettings(schema, environment);
  } catch (error) {
    if (error instanceof SettingsInvalid) return error.problems;
  }
  return [];
}

describe('readSettings', () => {
  it('fills in the defaults', () => {
    const read = readSettings(schema, { MASTER_KEYS, DATABASE_URL, BOOTSTRAP_API_KEY: '' });
    expect(read).toMatchObject({
      PORT: 3000,
      HOST: '127.0.0.1',
      DEFAULT_DAILY_QUOTA: 10,
      URGENT_RESERVE: 2,
      LOG_LEVEL: 'info',
    });
    expect(readSettings(schema, { MASTER_KEYS, DATABASE_URL, LOG_LEVEL: 'log' }).LOG_LEVEL).toBe('info');
    expect(read.BOOTSTRAP_API_KEY).toBeUndefined();
    expect(read.MASTER_KEYS).toEqual([{ id: 'k1', key: Buffer.alloc(32, 7) }]);
  });

  it('drops the slash at the end of an address', () => {
    expect(readSettings(schema, { MASTER_KEYS, DATABASE_URL, PUBLIC_URL: 'https://x.example/a/' }).PUBLIC_URL).toBe(
      'https://x.example/a',
    );
  });

  it.each(['https://x.example/?a=1', 'https://x.example/a?', 'https://x.example/#a'])(
    'takes no query and no fragment in an address that paths are put behind: %s',
    (url) => {
      expect(problemsOf({ MASTER_KEYS, DATABASE_URL, PUBLIC_URL: url })).toEqual([
        'PUBLIC_URL must end with its path: no ? and no #',
      ]);
    },
  );

  it('keeps what is needed still, or keeps it for ever', () => {
    const problems = (DELETIONS_RETENTION_DAYS: string) =>
      problemsOf({ MASTER_KEYS, DATABASE_URL, DELETIONS_RETENTION_DAYS });
    for (const days of ['0', '35', '36500']) expect([days, problems(days)]).toEqual([days, []]);
    for (const days of ['1', '34']) {
      expect([days, problems(days)]).toEqual([days, ['DELETIONS_RETENTION_DAYS must be 0 or at least 35']]);
    }
  });

  it('takes a list of addresses apart', () => {
    const readFallbacks = (WECHAT_API_FALLBACK_URLS: string) =>
      readSettings(schema, { MASTER_KEYS, DATABASE_URL, WECHAT_API_FALLBACK_URLS }).WECHAT_API_FALLBACK_URLS;
    expect(readFallbacks('')).toEqual([]);
    expect(readFallbacks('https://a.example/, http://b.example:81')).toEqual([
      'https://a.example',
      'http://b.example:81',
    ]);
    expect(problemsOf({ MASTER_KEYS, DATABASE_URL, WECHAT_API_FALLBACK_URLS: 'https://a.example,b' })).toEqual([
      'WECHAT_API_FALLBACK_URLS.1 must be an http:// or https:// address',
    ]);
  });

  it('takes origins to return to by the form in which addresses are compared with them, and nothing else', () => {
    const readOrigins = (RETURN_ORIGINS: string) =>
      readSettings(schema, { MASTER_KEYS, DATABASE_URL, RETURN_ORIGINS }).RETURN_ORIGINS;
    expect(readOrigins('')).toEqual([]);
    expect(readOrigins('https://Shop.example/, https://b.example:8443,https://c.example:443')).toEqual([
      'https://shop.example',
      'https://b.example:8443',
      'https://c.example',
    ]);
    for (const wrong of [
      'http://a.example',
      'https://a.example/done',
      'https://u@a.example',
      'https://a.example/?x',
      'x',
    ]) {
      expect([wrong, problemsOf({ MASTER_KEYS, DATABASE_URL, RETURN_ORIGINS: wrong })]).toEqual([
        wrong,
        [expect.stringMatching(/^RETURN_ORIGINS\.0 must be /)],
      ]);
    }
  });

  it('tells every problem at once', () => {
    const problems = problemsOf({ PORT: 'abc', LOG_LEVEL: 'loud', QUEUE_URL: 'mysql://x', WECHAT_API_URL: 'ftp://x' });
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(
      ['DATABASE_URL', 'LOG_LEVEL', 'MASTER_KEYS', 'PORT', 'QUEUE_URL', 'WECHAT_API_URL'].sort(),
    );
  });

  it.each([
    [{}, []],
    [{ EVENTS_RETENTION_DAYS: '7' }, []],
    [{ EVENTS_RETENTION_DAYS: '2' }, ['EVENTS_RETENTION_DAYS must be at least 3: ']],
    [{ EVENTS_RETENTION_DAYS: 'x' }, ['EVENTS_RETENTION_DAYS must be a number']],
    [
      { EVENTS_RETENTION_DAYS: '31' },
      ['WEBHOOK_DELIVERIES_RETENTION_DAYS must be at least EVENTS_RETENTION_DAYS (31): '],
    ],
    [{ EVENTS_RETENTION_DAYS: '90', WEBHOOK_DELIVERIES_RETENTION_DAYS: '90' }, []],
    [
      { EVENTS_RETENTION_DAYS: '3', WEBHOOK_DELIVERIES_RETENTION_DAYS: '2' },
      [
        'WEBHOOK_DELIVERIES_RETENTION_DAYS must be at least 3: ',
        'WEBHOOK_DELIVERIES_RETENTION_DAYS must be at least EVENTS_RETENTION_DAYS (3): ',
      ],
    ],
    [{ PUSH_MAX_AGE_S: '1296000' }, []],
    [{ CALLBACKS_RETENTION_DAYS: '2' }, []],
    [{ CALLBACKS_RETENTION_DAYS: '1', PUSH_MAX_AGE_S: '60' }, ['CALLBACKS_RETENTION_DAYS must be at least 2: ']],
    [
      { CALLBACKS_RETENTION_DAYS: '3', PUSH_MAX_AGE_S: '129601' },
      ['CALLBACKS_RETENTION_DAYS must be at least twice PUSH_MAX_AGE_S, which is 4 days: '],
    ],
  ])('refuses days of retention that do not fit together, with the reason: %j', (given, problems) => {
    expect(problemsOf({ MASTER_KEYS, DATABASE_URL, ...given })).toEqual(
      problems.map((beginning) => expect.stringContaining(beginning)),
    );
  });

  it('refuses files of TLS that cannot be read, in any address of a Postgres, without naming them', () => {
    const missing = 'postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem';
    expect(
      problemsOf({ MASTER_KEYS, DATABASE_URL: missing, MIGRATION_DATABASE_URL: missing, QUEUE_URL: missing }),
    ).toEqual(
      ['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'QUEUE_URL'].map(
        (name) => `${name} names a file by sslrootcert, sslcert or sslkey that cannot be read`,
      ),
    );
    const there = 'postgres://u:p@h/d?sslmode=verify-full&sslrootcert=package.json';
    expect(problemsOf({ MASTER_KEYS, DATABASE_URL: there })).toEqual([]);
  });

  it.each([
    ['?sslmode=require', '?sslmode=verify-full'],
    ['?a=b&sslmode=verify-ca&c=d', '?a=b&sslmode=verify-full&c=d'],
    ['?sslmode=prefer&x', '?sslmode=verify-full&x'],
    ['?sslmode=verify-full', '?sslmode=verify-full'],
    ['?sslmode=disable', '?sslmode=disable'],
    ['?uselibpqcompat=true&sslmode=require', '?uselibpqcompat=true&sslmode=require'],
    ['', ''],
  ])('takes "%s" of a Postgres for "%s"', (given, taken) => {
    const read = readSettings(schema, { MASTER_KEYS, DATABASE_URL: DATABASE_URL + given });
    expect(read.DATABASE_URL).toBe(DATABASE_URL + taken);
  });

  it.each(['redis+sentinel://h:26379/primary', 'redis://a:6379,b:6379', 'sentinel://h', 'rediss+cluster://h'])(
    'refuses a queue at %s in words',
    (QUEUE_URL) => {
      expect(problemsOf({ MASTER_KEYS, DATABASE_URL, QUEUE_URL })).toEqual([
        expect.stringMatching(/^QUEUE_URL must be the .* address of one server: see docs/),
      ]);
    },
  );

  it('does not repeat what was given, which may be a secret', () => {
    const secrets = {
      MASTER_KEYS: 'k1:c2VjcmV0',
      BOOTSTRAP_API_KEY: 'rk_hunter2',
      DATABASE_URL: 'mysql://u:hunter2@h/d',
    };
    expect(problemsOf(secrets).join()).not.toMatch(/c2VjcmV0|hunter2/);
    expect(problemsOf(secrets)).toHaveLength(3);
  });
});
