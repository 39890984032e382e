import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createEmptyDatabase, type TestDatabase } from '../../../test/support/database.js';
import { queueBackends } from '../../../test/support/queue-backends.js';
import { anApp, hostTypes } from './hosts.fixture.js';
import { JobHosts, JobQueues, QueueUnavailable, type QueueOptions } from './index.js';

/** A way to the backend that a test can cut: connections break and new ones are refused, until it is restored. */
async function aCuttableWayTo(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => (sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on TCP has an address of this kind.
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const way = new URL(url);
  way.host = `127.0.0.1:${port}`;
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { url: way.href, cut, restore: () => listen(port) };
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
  }
}

function aDeletion() {
  const data = { deletion_id: randomUUID(), request_id: randomUUID() };
  return { jobId: data.deletion_id, data };
}

beforeAll(() => Logger.overrideLogger(false));

describe.each(queueBackends)('an outage of %s', (_backend, urlFor) => {
  let database: TestDatabase;
  let way: Awaited<ReturnType<typeof aCuttableWayTo>>;
  let options: QueueOptions;
  let queues: JobQueues;

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    const own = `t${randomUUID().replaceAll('-', '')}`;
    way = await aCuttableWayTo(urlFor(database.url));
    options = { url: way.url, schema: own, prefix: own };
    queues = JobQueues.open(options);
  });
  afterEach(async () => {
    await queues.close();
    await way.cut();
  });

  const add = ({ jobId, data }: ReturnType<typeof aDeletion>) => queues.add('deletion.run', data, { jobId });

  it('makes adding fail with a typed error, and adding works again when it is over', async () => {
    await add(aDeletion());
    await way.cut();
    await expect(add(aDeletion())).rejects.toThrow(QueueUnavailable);
    await expect(queues.ping()).rejects.toThrow(QueueUnavailable);

    await way.restore();

    await eventually(() =>
      queues.ping().then(
        () => true,
        () => false,
      ),
    );
    await add(aDeletion());
    expect(await queues.counts('deletions')).toMatchObject({ waiting: expect.any(Number) });
  });

  it('at the very first call does not spoil later ones', async () => {
    await way.cut();
    await expect(add(aDeletion())).rejects.toThrow(QueueUnavailable);

    await way.restore();

    await eventually(() =>
      add(aDeletion()).then(
        () => true,
        () => false,
      ),
    );
  });

  it('does not lose a job: a running one is repeated or done, a waiting one runs', async () => {
    const seen = new Set<string>();
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const app = await anApp(
      { ...options, lockDurationMs: 1_000, stalledIntervalMs: 500, concurrency: { deletions: 1 } },
      hostTypes({ 'deletion.run': ({ deletion_id }) => (seen.add(deletion_id), held) }),
    );
    await app.get(JobHosts).start();
    const both = [aDeletion(), aDeletion()];
    await queues.addBulk('deletion.run', both);
    await eventually(() => seen.size === 1);

    await way.cut();
    release();
    await expect(queues.ping()).rejects.toThrow(QueueUnavailable);
    await way.restore();

    await eventually(async () => {
      const counts = await queues.counts('deletions').catch(() => undefined);
      return counts !== undefined && counts.waiting + counts.active + counts.delayed === 0;
    });
    expect([...seen].toSorted()).toEqual(both.map(({ jobId }) => jobId).toSorted());
    await app.get(JobHosts).stop();
    await app.close();
  });

  it('does not keep workers, the application or the queues from stopping', async () => {
    const app = await anApp(options);
    await app.get(JobHosts).start();
    await add(aDeletion());

    await way.cut();

    await app.get(JobHosts).stop();
    await app.close();
    await queues.close();
  });

  it('makes workers refuse to start', async () => {
    await way.cut();
    const app = await anApp(options);
    await expect(app.get(JobHosts).start()).rejects.toThrow(QueueUnavailable);
    await app.close();
  });
});
