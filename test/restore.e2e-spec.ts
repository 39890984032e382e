import { randomBytes } from 'node:crypto';
import { prepareDatabase } from '@app/database';
import { parseMasterKeys } from '@app/vault';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { CommandLine } from './support/command-line.js';
import type { TestDatabase } from './support/database.js';
import { describeWithDebianPostgres, startDebianPostgres, type DebianPostgres } from './support/debian-postgres.js';
import { eventually } from './support/eventually.js';
import { commandsOf } from './support/runbook.js';
import { PLATFORM, System } from './support/system.js';

const MASTER_KEYS = `k1:${randomBytes(32).toString('base64')}`;
const ROLE = 'retract_service';

describeWithDebianPostgres('a database that is restored from a dump', () => {
  let postgres: DebianPostgres;
  let system: System;
  let api: BuiltApp;
  let worker: BuiltApp | undefined;
  const shell = new CommandLine();
  const database: TestDatabase = { url: '', drop: () => Promise.resolve() };

  beforeAll(async () => {
    postgres = await startDebianPostgres();
    await postgres.sql(`CREATE ROLE ${ROLE} LOGIN`);
    await postgres.sql('CREATE DATABASE first');
    database.url = postgres.url('first', ROLE);
    await prepareDatabase(database.url, parseMasterKeys(MASTER_KEYS), { ownerUrl: postgres.url('first') });
    system = await System.start({ database, env: { MASTER_KEYS, WORKER_CONCURRENCY: '2' }, withWorker: false });
    // From here on as it is deployed: so it can be stopped, and started on another database at the same address.
    await system.api.close();
    api = await startBuiltApp('api', environment());
    await startWorker();
    await system.registerPlatform();
  });
  afterAll(async () => {
    await Promise.all([api.end('SIGKILL'), worker?.end('SIGKILL')]);
    await system.simulator.close();
    await postgres.drop();
  });

  const name = () => new URL(database.url).pathname.slice(1);
  const environment = () => ({
    ...system.environment,
    DATABASE_URL: database.url,
    QUEUE_URL: '',
    MIGRATION_DATABASE_URL: postgres.url(name()),
  });
  const startWorker = async () => {
    worker = await startBuiltApp('worker', environment());
  };
  const stopWorker = async () => {
    expect(await worker?.end('SIGTERM')).toBe(0);
    worker = undefined;
  };
  const follow = async (block: string | undefined, variables: Record<string, string> = {}) => {
    const env = {
      ...environment(),
      API: system.url,
      KEY: system.apiKey,
      PLATFORM: PLATFORM.component_appid,
      ...variables,
    };
    const { code, out, err } = await shell.run(`export PATH=${postgres.bin}:$PATH\n${block}`, { env });
    expect({ code, end: `${out}${err}`.slice(-2_000) }).toMatchObject({ code: 0 });
    return out;
  };
  const backUp = () => follow(commandsOf('Back up')[0]);
  /** Into a database by this name. Nothing runs meanwhile, and nothing but the api afterwards. */
  const restore = async (to: string) => {
    await api.end('SIGTERM');
    await postgres.sql(`CREATE DATABASE ${to}`);
    database.url = postgres.url(to, ROLE);
    await follow(commandsOf('Restore into an empty database')[0]);
    api = await startBuiltApp('api', environment());
  };
  const messageOf = ({ merchant, msgId }: { merchant: string; msgId: string }) =>
    system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
  const ask = async ({ merchant, msgId }: { merchant: string; msgId: string }): Promise<string> => {
    const target = { merchant, msg_id: msgId, whole_message: true };
    return (await system.call('POST', '/v1/deletions', target)).body.id;
  };

  it('goes on where the dump was made, with work under way', async () => {
    const some = await system.grantedMerchants(12);
    const slow = (latency: object | null) => system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
    await slow({ distribution: 'fixed', ms: 1_000 });
    const items = some.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, whole_message: true }));
    const { body } = await system.call('POST', '/v1/takedowns', { items });
    const get = async () => (await system.call('GET', `/v1/takedowns/${body.id}`)).body;
    await eventually(get, ({ counts }) => counts.succeeded > 0);
    await stopWorker();
    const { succeeded } = (await get()).counts;
    expect(succeeded).toBeLessThan(12);
    await backUp();

    await restore('second');
    expect((await get()).counts).toMatchObject({ succeeded });
    await slow(null);
    await startWorker();
    const ended = await eventually(get, ({ finished_at }) => finished_at !== null);
    expect(ended).toMatchObject({ state: 'finished', counts: { succeeded: 12 } });
    for (const one of some) expect(await messageOf(one)).toMatchObject({ delete_calls: 1, delete_effects: 1 });
  });

  it('is put right by the runbook after yesterday’s dump: nothing that was taken back since is carried out', async () => {
    const [rotated, left, undone, done] = await system.grantedMerchants(4, 2);
    if (!rotated || !left || !undone || !done) throw new Error('There are four.');
    const { body: key } = await system.call('POST', '/v1/api-keys', { name: 'leaver', role: 'viewer' });
    await stopWorker();
    const [toUndo, toDo] = [await ask(undone), await ask(done)];
    await backUp();

    // What has happened since.
    expect((await system.call('POST', `/v1/deletions/${toUndo}/cancel`)).status).toBe(200);
    expect((await system.call('DELETE', `/v1/api-keys/${key.id}`)).status).toBe(204);
    await system.control('PATCH', 'settings', {
      every_refresh_rotates_refresh_token: true,
      old_refresh_token_grace_s: 0,
    });
    await spoil(rotated.merchant, 'expire_tokens');
    await startWorker();
    await system.finished(await ask(rotated), 60_000);
    await system.finished(toDo);
    await system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${left.merchant}/deauthorize`);
    await stateOf(left.merchant, 'unauthorized');
    const joined = await system.onboardMerchant();
    await stopWorker();

    await restore('third');
    const asLeaver = () => system.call('GET', '/v1/me', undefined, { authorization: `Bearer ${key.key}` });
    expect((await asLeaver()).status).toBe(200);
    const [sync, cancel, revoke] = commandsOf('Restore a dump of an earlier time');
    const told = JSON.parse(await follow(sync));
    expect(told).toMatchObject({ added: 1, absent: [left.merchant] });
    const [list, undo] = cancel?.split('\n') ?? [];
    const listed = JSON.parse(await follow(list));
    expect(listed.data.map(({ id }: { id: string }) => id).toSorted()).toEqual([toUndo, toDo].toSorted());
    await follow(undo, { DELETION: toUndo });
    await follow(revoke, { KEY_ID: key.id });
    expect((await asLeaver()).status).toBe(401);
    await startWorker();

    // Of what was deleted since, WeChat says that it is gone.
    await system.finished(toDo);
    expect(await messageOf(done)).toMatchObject({ delete_effects: 1 });
    const next = { merchant: rotated.merchant, msgId: String(BigInt(rotated.msgId) + 1n) };
    expect(await system.finished(await ask(next), 60_000)).toMatchObject({ state: 'succeeded' });
    await stateOf(left.merchant, 'unauthorized');
    await stateOf(joined, 'authorized');
    const ofJoined = { merchant: joined, msgId: await system.sendMassMessage(joined) };
    expect(await system.finished(await ask(ofJoined), 60_000)).toMatchObject({ state: 'succeeded' });
    expect(await messageOf(undone)).toMatchObject({ delete_calls: 0 });
  });

  const spoil = (appid: string, action: string) =>
    system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${appid}/tokens`, { action });
  const stateOf = (appid: string, state: string) =>
    eventually(
      () => system.call('GET', `/v1/merchants/${appid}`),
      ({ body }) => body.state === state,
    );
});
