import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Logger, type LoggerService } from '@nestjs/common';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.js';
import { freePort } from '../../../test/support/free-port.js';
import { describeWith } from '../../../test/support/programs.js';
import { startRestartableRedis, type RestartableRedis } from '../../../test/support/restartable-redis.js';
import { waitForQueue } from './wait-for-queue.js';

Logger.overrideLogger(false);

const NO_POSTGRES = 'postgres://127.0.0.1:1/none';

describeWith('redis-server', 'the wait for a queue in Redis', () => {
  let redis: RestartableRedis;
  let admin: Redis;
  const warnings: unknown[][] = [];
  const logger = { warn: (...args: unknown[]) => void warnings.push(args) } as unknown as LoggerService;

  beforeAll(async () => {
    redis = await startRestartableRedis('--requirepass', 'of-the-admin', '--maxmemory-policy', 'noeviction');
    admin = new Redis(as('default', 'of-the-admin'));
    await admin.acl('SETUSER', 'scriptless', 'on', '>x', '~*', '+@all', '-eval', '-evalsha');
    await admin.acl('SETUSER', 'nearly', 'on', '>x', '~{retract}:*', '+@all', '-bzpopmin', '-xadd');
    await admin.acl('SETUSER', 'keyless', 'on', '>x', '~other:*', '+@all');
  });
  beforeEach(() => warnings.splice(0));
  afterAll(async () => {
    await admin.quit();
    await redis.drop();
  });

  function as(user: string, password: string): string {
    const url = new URL(redis.url);
    if (user !== '') Object.assign(url, { username: user, password });
    return url.href;
  }
  const wait = (url = as('default', 'of-the-admin')) =>
    waitForQueue({ QUEUE_URL: url, DATABASE_URL: NO_POSTGRES }, logger, 0);

  it.each([
    ['a user who may run no script', 'scriptless', 'x', /NOPERM.*eval/],
    ['a user who may not touch our keys', 'keyless', 'x', /NOPERM/],
    ['a wrong password', 'default', 'y', /WRONGPASS/],
    ['no password', '', '', /NOAUTH/],
  ])('does not begin with %s', async (_what, user, password, words) => {
    const told: unknown = await wait(as(user, password)).catch((error: unknown) => error);
    expect(told).toMatchObject({ code: 'queue_unfit', message: expect.stringMatching(words) });
    expect(String(told)).toMatch(/The queue of QUEUE_URL refuses us.*docs\/operations\.md/);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['a user who lacks two commands', 'nearly', '', /names a user of Redis who may not run bzpopmin, xadd on our keys/],
    ['a database that there is not', 'default', '/99', /names a number of a database that its Redis does not have/],
  ])('does not begin with %s', async (_what, user, number, words) => {
    const url = as(user, user === 'default' ? 'of-the-admin' : 'x');
    await expect(wait(url + number)).rejects.toMatchObject({
      code: 'unfit',
      setting: 'QUEUE_URL',
      message: expect.stringMatching(words),
    });
    expect(warnings).toEqual([]);
  });

  it('does not begin with a Sentinel', async () => {
    const port = await freePort();
    const file = join(mkdtempSync(join(tmpdir(), 'retract-sentinel-')), 'sentinel.conf');
    writeFileSync(file, `port ${port}\n`);
    const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    const isWaitedFor = () => wait(`redis://127.0.0.1:${port}`).catch((error: unknown) => error);
    const told = await eventually(isWaitedFor, (error) => (error as Error).name !== 'Unreachable');
    expect(told).toMatchObject({ code: 'unfit', message: expect.stringMatching(/^QUEUE_URL names a Sentinel: name/) });
    const exited = once(sentinel, 'exit');
    sentinel.kill('SIGTERM');
    await exited;
    rmSync(dirname(file), { recursive: true, force: true });
  });

  it('begins with a user, a password and a number of a database, and keeps to that', async () => {
    const password = 'p@ss:w/rd#?';
    await admin.acl('SETUSER', 'retract', 'on', `>${password}`, '~{retract}:*', '+@all');
    const url = new URL(redis.url);
    Object.assign(url, { username: 'retract', password: encodeURIComponent(password), pathname: '/3' });
    await wait(url.href);
    expect(warnings).toEqual([]);
    const keyspace = await admin.info('keyspace');
    expect(keyspace).toContain('db3:keys=');
    expect(keyspace).not.toContain('db1:');
    await admin.acl('DELUSER', 'retract');
  });

  it('ends in words when a replica has not become a primary', async () => {
    await admin.replicaof('127.0.0.1', '1');
    const told = wait();
    await expect(told).rejects.toMatchObject({
      code: 'queue_unfit',
      message: expect.stringMatching(/^The queue of QUEUE_URL takes no writes: a replica.*\(READONLY /),
    });
    await admin.replicaof('NO', 'ONE');
  });

  it('ends in words when a Redis is still full', async () => {
    await admin.config('SET', 'maxmemory', '1');
    await expect(wait()).rejects.toMatchObject({ message: expect.stringMatching(/QUEUE_URL has no room \(OOM /) });
    await admin.config('SET', 'maxmemory', '0');
  });

  it('warns of a Redis that may throw jobs away', async () => {
    await wait();
    expect(warnings).toEqual([]);
    await admin.config('SET', 'maxmemory-policy', 'volatile-lru');
    await wait();
    expect(warnings).toEqual([[expect.any(String), { setting: 'QUEUE_URL', maxmemory_policy: 'volatile-lru' }]]);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
  });
});
