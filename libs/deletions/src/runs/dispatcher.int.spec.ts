import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { DataSource } from 'typeorm';
import { Events } from '@app/events';
import { JobQueues, QueueModule } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { connect, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { eventually } from '../../../../test/support/eventually.js';
import { missingJobs } from '../../../../test/support/missing-jobs.js';
import { queueBackends } from '../../../../test/support/queue-backends.js';
import { Dispatcher } from './dispatcher.js';
import { LaneDispatch } from '../lanes/lane-dispatch.js';
import { Lanes } from '../lanes/lanes.js';
import { PlatformHolds } from '../holds/platform-holds.js';
import { RetryUntilStored } from './retry-until-stored.js';
import { RunRows } from './run-rows.js';

const pacing = { ratePerMinute: 6_000, dailyLimit: 10, urgentReserve: 2 };

// The dispatcher tells of lost connections, which here are cut on purpose.
beforeAll(() => Logger.overrideLogger(false));

describe.each(queueBackends)('dispatchers, with the queue on %s', (_backend, queueUrlFor) => {
  let desk: DeletionsDesk;
  let app: TestingModule;
  let queues: JobQueues;
  let others: { dispatcher: Dispatcher; dataSource: DataSource }[];

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
  });
  afterAll(() => desk.close());

  beforeEach(async () => {
    const own = `t${randomUUID().replaceAll('-', '')}`;
    const settings = SettingsModule.of(
      QueueModule.settings({ url: queueUrlFor(desk.database.url), schema: own, prefix: own }),
    );
    app = await Test.createTestingModule({ imports: [settings, QueueModule] }).compile();
    Logger.overrideLogger(false);
    queues = app.get(JobQueues);
    others = [];
  });
  afterEach(async () => {
    await Promise.all(others.map(({ dispatcher }) => dispatcher.stop()));
    await Promise.all(others.map(({ dataSource }) => dataSource.destroy()));
    await app.close();
  });

  /** One with connections of its own, as in a process of its own. */
  async function aDispatcher(): Promise<Dispatcher> {
    const dataSource = await connect(desk.database);
    const dispatcher = new Dispatcher(
      dataSource,
      new LaneDispatch(dataSource, pacing),
      new RunRows(dataSource, new Lanes(dataSource, pacing), new RetryUntilStored()),
      new PlatformHolds(dataSource, new Events(dataSource), desk.platforms),
      queues,
    );
    others.push({ dispatcher, dataSource });
    return dispatcher;
  }

  /** The connections that hold the leader's lock. */
  const leaders = async () =>
    (
      await desk.sql<{ pid: number }>(
        `SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()`,
      )
    ).map(({ pid }) => pid);
  const oneLeader = (not?: number) => eventually(leaders, (pids) => pids.length === 1 && pids[0] !== not);
  const haveJobs = (ids: string[]) =>
    eventually(
      () => missingJobs(app, 'deletion.run', ids),
      (missing) => missing.length === 0,
    );

  it('make one leader, who gives every deletion its job', async () => {
    for (const dispatcher of [await aDispatcher(), await aDispatcher(), await aDispatcher()]) dispatcher.start();
    await oneLeader();
    const ids = [...(await desk.accept(await desk.aMerchant(), 5)), ...(await desk.accept(await desk.aMerchant(), 5))];
    await haveJobs(ids);
    expect(await leaders()).toHaveLength(1);
    expect(await queues.counts('deletions')).toMatchObject({ waiting: 10 });
  });

  it('leave deletions in their lanes while no worker keeps up, so that they do not all go out at once later', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 60_000, dailyLimit: 10_000 });
    await desk.accept(merchant, 200);
    const dispatcher = await aDispatcher();
    dispatcher.start();
    const waiting = async () => (await queues.counts('deletions')).waiting;
    await eventually(waiting, (count) => count >= 50);
    const shutAt = await waiting();
    // Wait for more looks than would have emptied the lane: it is the same leader who still looks.
    const [other] = await desk.accept(await desk.aMerchant(), 1);
    await desk.sql(`UPDATE merchant_pacing SET due_at = now() WHERE due_at IS NOT NULL`);
    await eventually(
      () =>
        desk.sql<{ now: number }>(
          `SELECT extract(epoch FROM now() - min(created_at))::float AS now FROM deletions WHERE id = $1`,
          [other],
        ),
      ([row]) => (row?.now ?? 0) > 1,
    );
    const stillWaiting = await waiting();
    await dispatcher.stop();
    // The lanes are the other tests' too.
    await desk.sql(`UPDATE deletions SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL`);
    expect(stillWaiting).toBe(shutAt);
    expect(shutAt).toBeLessThan(150);
  });

  it('go on when the connection of the leader is cut', async () => {
    for (const dispatcher of [await aDispatcher(), await aDispatcher()]) dispatcher.start();
    const [leader] = await oneLeader();
    await desk.sql(`SELECT pg_terminate_backend($1)`, [leader]);
    await haveJobs(await desk.accept(await desk.aMerchant(), 5));
    await oneLeader(leader);
  });

  it('go on when every connection of all of them is cut', async () => {
    for (const dispatcher of [await aDispatcher(), await aDispatcher()]) dispatcher.start();
    const [leader] = await oneLeader();
    await desk.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'test' AND pid <> pg_backend_pid()`,
    );
    await oneLeader(leader);
    await haveJobs(await desk.accept(await desk.aMerchant(), 5));
  });

  it('leave the lead to another one when they stop', async () => {
    const first = await aDispatcher();
    first.start();
    await oneLeader();
    const second = await aDispatcher();
    second.start();
    await first.stop();
    await haveJobs(await desk.accept(await desk.aMerchant(), 3));
    expect(await leaders()).toHaveLength(1);
  });

  it('give a deletion a new job when its leader died before it could', async () => {
    const ids = await desk.accept(await desk.aMerchant(), 1);
    expect(await desk.laneDispatch.dispatch()).toHaveLength(1);
    expect(await missingJobs(app, 'deletion.run', ids)).toEqual(ids);
    (await aDispatcher()).start();
    await haveJobs(ids);
  });

  it('give a deletion a new job when the queue has lost it, while they lead', async () => {
    (await aDispatcher()).start();
    // Its first look for lost jobs is behind it then.
    await haveJobs(await desk.accept(await desk.aMerchant(), 1));
    const ids = await desk.accept(await desk.aMerchant(), 1, { notBefore: new Date(Date.now() + 3_600_000) });
    await desk.sql(
      `UPDATE deletions SET state = 'queued', dispatched_at = now() - interval '1 min' WHERE id = ANY($1)`,
      [ids],
    );
    expect(await missingJobs(app, 'deletion.run', ids)).toEqual(ids);
    await haveJobs(ids);
  });
});
