import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { loseQueue } from './support/lose-queue.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

const SLOW = { distribution: 'fixed', ms: 1_500 };

describe.each(queueBackends)('with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let merchants: { merchant: string; msgId: string }[];
  let apps: BuiltApp[] = [];

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
    merchants = await system.grantedMerchants(20);
    await system.stopWorker();
  });
  afterAll(() => system.close());
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.end('SIGKILL')));
    apps = [];
    await slowDeletes(null);
  });

  async function start(app: 'api' | 'worker', env: Record<string, string> = {}): Promise<BuiltApp> {
    const started = await startBuiltApp(app, { ...system.environment, ...env });
    apps.push(started);
    return started;
  }

  const slowDeletes = (latency: typeof SLOW | null) =>
    system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
  const messageOf = ({ merchant, msgId }: { merchant: string; msgId: string }) =>
    system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
  const effects = async (of: { merchant: string; msgId: string }[]): Promise<number[]> =>
    (await Promise.all(of.map(messageOf))).map((message) => message.delete_effects);
  const view = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

  async function accept(of: { merchant: string; msgId: string }[]): Promise<string[]> {
    const accepted = [];
    for (const { merchant, msgId } of of) {
      accepted.push(await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, whole_message: true }));
    }
    return accepted.map(({ body }) => body.id);
  }

  /** Everything carried out, and nothing twice. */
  async function expectOnce(ids: string[], of: { merchant: string; msgId: string }[]): Promise<void> {
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    for (const one of of) expect(await messageOf(one)).toMatchObject({ delete_calls: 1, delete_effects: 1 });
  }

  /** Six deletions in the queue, worked on one after the other, when the first has reached WeChat and has no answer yet. */
  async function halfway(): Promise<{ ids: string[]; of: { merchant: string; msgId: string }[]; worker: BuiltApp }> {
    const of = merchants.splice(0, 6);
    await slowDeletes(SLOW);
    const worker = await start('worker', { WORKER_CONCURRENCY: '1' });
    const ids = await accept(of);
    await eventually(
      async () => sum(await effects(of)),
      (count) => count > 0,
    );
    return { ids, of, worker };
  }

  it('what the api has accepted is carried out, though it is killed at once and no worker ran', async () => {
    const of = merchants.splice(0, 2);
    const port = String(await freePort());
    const api = await start('api', { PORT: port });
    const answers = await Promise.all(
      of.map(({ merchant, msgId }) =>
        fetch(`http://127.0.0.1:${port}/v1/deletions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
          body: JSON.stringify({ merchant, msg_id: msgId, whole_message: true }),
        }),
      ),
    );
    expect(await api.end('SIGKILL')).toBeNull();
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
    await start('worker');
    await expectOnce(ids, of);
  });

  it('a worker that is told to stop finishes what it has in hand; the rest outlives even the loss of the queue', async () => {
    const { ids, of, worker } = await halfway();
    const inHand = (await effects(of)).findIndex((count) => count === 1);
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(await view(ids[inHand] ?? '')).toMatchObject({ state: 'succeeded', proof: 'acknowledged' });
    const states = await Promise.all(ids.map(async (id) => (await view(id)).state));
    expect(states.toSorted()).toEqual([...Array<string>(5).fill('queued'), 'succeeded']);
    await loseQueue(system);
    await slowDeletes(null);
    await start('worker');
    await expectOnce(ids, of);
  });

  it('a delete call whose worker was killed is not made again: WeChat is asked first', async () => {
    const of = merchants.splice(0, 3);
    await slowDeletes(SLOW);
    const worker = await start('worker');
    const ids = await accept(of);
    await eventually(
      async () => sum(await effects(of)),
      (count) => count === 3,
    );
    await worker.end('SIGKILL');
    for (const id of ids) expect(await view(id)).toMatchObject({ state: 'running', attempts: 1 });
    await slowDeletes(null);
    // Spares the test the half minute that a claim lasts; the queue's own claim is waited for.
    await system.sql(`UPDATE deletions SET running_until = now() WHERE id = ANY($1)`, [ids]);
    await start('worker');
    await expectOnce(ids, of);
    for (const id of ids) {
      expect(await view(id)).toMatchObject({ proof: 'verified', outcome: { code: 'already_deleted' } });
      const attempts = (await system.call('GET', `/v1/deletions/${id}/attempts`)).body.data;
      expect(attempts).toMatchObject([
        { op: 'mass/delete', outcome: null, finished_at: null },
        { op: 'mass/get', outcome: 'accepted' },
      ]);
    }
  });
});
