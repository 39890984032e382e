import { loseQueue } from './support/lose-queue.js';
import { eventually } from './support/eventually.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

const SLOW = { distribution: 'fixed', ms: 500 };

describe.each(queueBackends)('with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ queueUrlFor, env: { WORKER_CONCURRENCY: '2' } });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  const slowDeletes = (latency: typeof SLOW | null) =>
    system.control('PUT', 'latencies', { operation: 'mass/delete', latency });

  it('a takedown comes to its end, each message deleted once, though the queue is lost in the middle of it', async () => {
    const some = await system.grantedMerchants(20);
    await slowDeletes(SLOW);
    const items = some.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, whole_message: true }));
    const { body } = await system.call('POST', '/v1/takedowns', { items });
    expect(body).toMatchObject({ accepted: 20, rejected: 0 });
    const get = async () => (await system.call('GET', `/v1/takedowns/${body.id}`)).body;
    await eventually(get, ({ counts }) => counts.succeeded > 0);
    await system.stopWorker();
    const { state, counts } = await get();
    expect({ state, isHalfway: counts.succeeded < 20 }).toEqual({ state: 'running', isHalfway: true });
    await loseQueue(system);
    await slowDeletes(null);
    await system.startWorker();
    const ended = await eventually(get, ({ finished_at }) => finished_at !== null);
    expect(ended).toMatchObject({ state: 'finished', counts: { succeeded: 20 } });
    for (const { merchant, msgId } of some) {
      const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
      expect(message).toMatchObject({ delete_calls: 1, delete_effects: 1 });
    }
  });
});
