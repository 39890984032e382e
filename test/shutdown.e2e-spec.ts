import { DataSource } from 'typeorm';
import { JobQueues } from '@app/queue';
import { eventually } from './support/eventually.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

describe.each(queueBackends)('a worker that is told to stop, with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  it('finishes what is in hand, takes nothing new, then closes the queue, then the database', async () => {
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    await system.control('PUT', 'latencies', {
      operation: 'mass/delete',
      latency: { distribution: 'fixed', ms: 1_000 },
    });
    const order: string[] = [];
    const note = (what: string, closing: { [method: string]: any }, method: string) => {
      const close = closing[method].bind(closing);
      closing[method] = async () => {
        order.push(what);
        await close();
      };
    };
    note('queue', system.runningWorker.get(JobQueues), 'close');
    note('database', system.runningWorker.get(DataSource), 'destroy');

    const wish = { merchant, msg_id: msgId, whole_message: true };
    const { id } = (await system.call('POST', '/v1/deletions', wish)).body;
    await eventually(
      () => system.call('GET', `/v1/deletions/${id}`),
      ({ body }) => body.attempts === 1,
    );
    const stopped = system.stopWorker();
    const later = (await system.call('POST', '/v1/deletions', { ...wish, msg_id: '3147489999' })).body;
    await stopped;

    expect(order).toEqual(['queue', 'database']);
    const get = async (deletionId: string) => (await system.call('GET', `/v1/deletions/${deletionId}`)).body;
    expect(await get(id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(await get(later.id)).toMatchObject({ state: 'queued', attempts: 0 });

    await system.startWorker();
    expect(await system.finished(later.id)).toMatchObject({ state: 'failed', outcome: { errcode: 40059 } });
  });

  it.each([
    ['a token', `UPDATE access_tokens SET use_until = expires_at`],
    ['no token', `UPDATE access_tokens SET use_until = now()`],
  ])('gives back what waits for its turn to make a call, with %s, as if nothing had been', async (_with, change) => {
    await system.stopWorker();
    await system.startWorker({ WORKER_CONCURRENCY: '1' });
    const granted = await system.grantedMerchants(8);
    const remove = async ({ merchant, msgId }: { merchant: string; msgId: string }) =>
      (await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1 })).body.id;
    const slow = (ms: number) =>
      system.control('PUT', 'latencies', { operation: 'mass/delete', latency: { distribution: 'fixed', ms } });
    // Once some have left their place before they ended, the next are fetched while another is in it.
    await slow(0);
    for (const one of granted.slice(2)) await system.finished(await remove(one));
    await slow(4_000);
    const [first, second] = granted;
    if (!first || !second) throw new Error('no merchants');
    const firstId = await remove(first);
    const holder = `holder_id = (SELECT id FROM merchants WHERE authorizer_appid = '${second.merchant}')`;
    await system.sql(`${change} WHERE ${holder}`);
    const secondId = await remove(second);
    for (const id of [firstId, secondId]) {
      await eventually(
        () => system.call('GET', `/v1/deletions/${id}`),
        ({ body }) => body.state === 'running',
      );
    }

    await system.stopWorker();

    const get = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
    expect(await get(firstId)).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(await get(secondId)).toMatchObject({ state: 'queued', attempts: 0 });
    expect((await system.call('GET', `/v1/deletions/${secondId}/attempts`)).body.data).toEqual([]);
    const [token] = await system.sql(
      `SELECT lease_owner, failed_until > now() AS is_cooling FROM access_tokens WHERE ${holder}`,
    );
    expect(token).toMatchObject({ lease_owner: null });
    expect(token).not.toMatchObject({ is_cooling: true });

    await slow(0);
    await system.startWorker();
    expect(await system.finished(secondId)).toMatchObject({ state: 'succeeded', attempts: 1 });
  });
});
