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
});
