import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';
import { openWay, type Way } from './support/way.js';

/** A process takes some ten seconds to serve again after its connections have fallen silent; on a machine that others load, more. */
const SERVES_WITHIN_MS = 60_000;

describe.each(queueBackends)('on a bad way to the database, and to the queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let ways: Way[];
  let api: BuiltApp;
  let worker: BuiltApp;
  let url: string;
  let targets: { merchant: string; msgId: string }[];
  /** Nothing else is asked for these. */
  let others: { merchant: string; msgId: string }[];

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
    others = await system.grantedMerchants(2, 1_000);
  });
  afterAll(async () => {
    await api.end('SIGKILL');
    await worker.end('SIGKILL');
    for (const way of ways) way.close();
    await system.close();
  });

  let posted = 0;
  /** One more deletion, asked of the built api. */
  const post = async (of = targets) => {
    const i = posted++;
    const { merchant, msgId } = of[i % of.length] ?? { merchant: '', msgId: '0' };
    const answer = await fetch(`${url}/v1/deletions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        merchant,
        msg_id: String(BigInt(msgId) + BigInt(Math.floor(i / of.length))),
        whole_message: true,
      }),
    });
    const text = await answer.text();
    return { status: answer.status, id: answer.status === 202 ? String(JSON.parse(text).id) : '' };
  };
  const postMany = (count: number) => Promise.all(Array.from({ length: count }, () => post()));
  const allSucceeded = (ids: string[], deadlineMs: number) =>
    eventually(
      () => system.sql<{ state: string }>(`SELECT state FROM deletions WHERE id = ANY($1)`, [ids]),
      (found) => found.length === ids.length && found.every(({ state }) => state === 'succeeded'),
      deadlineMs,
    );

  it('requests succeed where every answer takes 600 ms longer', async () => {
    for (const way of ways) way.delay(300);
    const answers = await postMany(40);
    for (const way of ways) way.delay(0);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    await allSucceeded(
      answers.map(({ id }) => id),
      60_000,
    );
  });

  it.each(['while nothing is asked', 'under load'])(
    'a process serves again after all its connections died silently, %s',
    async (when) => {
      const before = await postMany(30);
      if (when !== 'under load')
        await allSucceeded(
          before.map(({ id }) => id),
          30_000,
        );
      const during = when === 'under load' ? Promise.allSettled(Array.from({ length: 10 }, () => post())) : undefined;
      for (const way of ways) way.silence();
      const asked = await eventually(
        () => post(others),
        ({ status }) => status === 202,
        SERVES_WITHIN_MS,
      );
      await allSucceeded([asked.id], SERVES_WITHIN_MS);
      await during;
      // None of the others still hangs.
      const after = await postMany(20);
      expect(after.filter(({ status }) => status !== 202)).toEqual([]);
      await allSucceeded(
        [...before, ...after].map(({ id }) => id),
        60_000,
      );
      expect([api.isUp(), worker.isUp()]).toEqual([true, true]);
    },
  );
});
