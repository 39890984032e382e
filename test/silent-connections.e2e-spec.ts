import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';
import { openWay, type Way } from './support/way.js';

/** From when the connections have fallen silent, a process may take so long until it serves again. */
const SERVES_WITHIN_MS = 15_000;

describe.each(queueBackends)('on a bad way to the database, and to the queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let ways: Way[];
  let api: BuiltApp;
  let worker: BuiltApp;
  let url: string;
  let targets: { merchant: string; msgId: string }[];

  beforeAll(async () => {
    system = await System.start({ queueUrlFor, withWorker: false });
    const { DATABASE_URL = '', QUEUE_URL = '' } = system.environment;
    const toDatabase = await openWay(DATABASE_URL);
    const toQueue = QUEUE_URL === DATABASE_URL ? toDatabase : await openWay(QUEUE_URL);
    ways = [toDatabase, toQueue];
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const environment = {
      ...system.environment,
      DATABASE_URL: toDatabase.url,
      QUEUE_URL: toQueue.url,
      PORT: String(port),
    };
    api = await startBuiltApp('api', environment);
    worker = await startBuiltApp('worker', environment);
    await system.registerPlatform();
    targets = await system.grantedMerchants(20, 20);
  }, 60_000);
  afterAll(async () => {
    await api.end('SIGKILL');
    await worker.end('SIGKILL');
    for (const way of ways) way.close();
    await system.close();
  });

  let posted = 0;
  /** One more deletion, asked of the built api. */
  const post = async () => {
    const i = posted++;
    const { merchant, msgId } = targets[i % targets.length] ?? { merchant: '', msgId: '' };
    const answer = await fetch(`${url}/v1/deletions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        merchant,
        msg_id: String(BigInt(msgId) + BigInt(Math.floor(i / targets.length))),
        whole_message: true,
      }),
    });
    const text = await answer.text();
    return { status: answer.status, id: answer.status === 202 ? String(JSON.parse(text).id) : '', text };
  };
  const allSucceeded = (ids: string[], deadlineMs: number) =>
    eventually(
      () => system.sql<{ state: string }>(`SELECT state FROM deletions WHERE id = ANY($1)`, [ids]),
      (found) => found.length === ids.length && found.every(({ state }) => state === 'succeeded'),
      deadlineMs,
    );

  it('requests succeed where every answer takes 300 ms longer, and deletions are made', async () => {
    for (const way of ways) way.delay(150);
    try {
      const t = performance.now();
      const answers = await Promise.all(Array.from({ length: 40 }, post));
      console.error('SLOW', performance.now() - t, answers.map((a) => a.status).join());
      expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
      await allSucceeded(
        answers.map(({ id }) => id),
        40_000,
      );
      console.error('SLOW DONE', performance.now() - t);
    } finally {
      for (const way of ways) way.delay(0);
    }
  });

  it.each(['while nothing is asked', 'under load'])(
    'a process serves again after all its connections died silently, %s',
    async (when) => {
      const before = await Promise.all(Array.from({ length: 30 }, post));
      if (when !== 'under load')
        await allSucceeded(
          before.map(({ id }) => id),
          30_000,
        );
      const during = when === 'under load' ? Promise.allSettled(Array.from({ length: 10 }, post)) : undefined;
      for (const way of ways) way.silence();
      const from = performance.now();
      const asked = await eventually(
        () => post(),
        ({ status }) => status === 202,
        SERVES_WITHIN_MS,
      );
      console.error('SERVED', performance.now() - from);
      await allSucceeded([asked.id], SERVES_WITHIN_MS - (performance.now() - from));
      console.error('DONE', performance.now() - from);
      await during;
      // None of the others still hangs.
      const after = await Promise.all(Array.from({ length: 20 }, post));
      console.error('AFTER', performance.now() - from);
      expect(after.filter(({ status }) => status !== 202)).toEqual([]);
      await allSucceeded(
        [...before, ...after].map(({ id }) => id),
        60_000,
      );
      expect([api.isUp(), worker.isUp()]).toEqual([true, true]);
    },
  );
});
