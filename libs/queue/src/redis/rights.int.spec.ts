import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { describeWith } from '../../../../test/support/programs.js';
import { startRestartableRedis, type RestartableRedis } from '../../../../test/support/restartable-redis.js';
import { COMMANDS, LACKING } from './rights.js';

const nameOf = (command: string) => command.split(' ')[0] ?? '';
const names = COMMANDS.map(nameOf);
const KEY = '{retract}:deletions:meta';

it('the commands that a user needs are those of BullMQ’s scripts, and of its connections', () => {
  const folder = 'node_modules/bullmq/dist/esm/scripts';
  // The relay is a part of BullMQ that is not used here.
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js') && !name.startsWith('relay'));
  const used = scripts.flatMap((name) =>
    [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/\br?call\(\s*["'](\w+)["']/g)].map(([, one = '']) =>
      one.toLowerCase(),
    ),
  );
  const ofConnections = ['bzpopmin', 'client', 'evalsha', 'exec', 'multi'];
  expect(names).toEqual([...new Set([...used, ...ofConnections])].sort());
});

describeWith('redis-server', 'what a user of Redis lacks', () => {
  let redis: RestartableRedis;
  let admin: Redis;
  let user: Redis;

  beforeAll(async () => {
    redis = await startRestartableRedis();
    admin = new Redis(redis.url);
    await admin.acl('SETUSER', 'retract', 'on', '>x', '~{retract}:*', '+@all');
    user = new Redis(redis.url.replace('//', '//retract:x@'));
  });
  afterAll(async () => {
    await Promise.all([admin.quit(), user.quit()]);
    await redis.drop();
  });

  const lacking = (key = KEY) => user.eval(LACKING, 1, key, ...COMMANDS);

  it('is nothing, where all is allowed on our keys, and nothing is left behind', async () => {
    expect(await lacking()).toEqual([]);
    expect(await admin.dbsize()).toBe(0);
  });

  it.each(names)('is %s where that alone is not allowed', async (name) => {
    await admin.acl('SETUSER', 'retract', `-${name}`);
    try {
      expect(await lacking()).toEqual([name]);
    } finally {
      await admin.acl('SETUSER', 'retract', '+@all');
    }
  });
});
