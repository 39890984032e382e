import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getQueueToken, Processor } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { SettingsModule } from '@app/settings';
import { createEmptyDatabase, type TestDatabase } from '../../../test/support/database.js';
import { queueBackends } from '../../../test/support/queue-backends.js';
import { anApp, hostTypes } from './hosts.fixture.js';
import {
  JobDataInvalid,
  JobHost,
  JobHostMisplaced,
  JobHosts,
  JobQueues,
  QueueModule,
  QueueUrlInvalid,
  RetryAfter,
  type JobData,
  type JobHandlers,
  type QueueOptions,
} from './index.js';
import type { JobHandler } from './job-host.js';
import type { JobHostTypes } from './job-hosts.js';

/** Waits until the condition holds, or fails after 20 seconds. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
  }
}

/** A promise that a test settles when it wants a handler to go on. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => undefined as void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

function aDeletion(): JobData<'deletion.run'> {
  return { deletion_id: randomUUID(), request_id: randomUUID() };
}

// Before each, because Nest's testing module installs a logger of its own.
beforeEach(() => Logger.overrideLogger(false));

describe.each(queueBackends)('on %s', (_backend, urlFor) => {
  let database: TestDatabase;
  let options: QueueOptions;
  let queues: JobQueues;
  let apps: TestingModule[];

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database.drop());

  beforeEach(() => {
    const own = `t${randomUUID().replaceAll('-', '')}`;
    options = { url: urlFor(database.url), schema: own, prefix: own };
    queues = JobQueues.open(options);
    apps = [];
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.get(JobHosts).stop()));
    await Promise.all(apps.map((app) => app.close()));
    await queues.close();
  });

  async function startHosts(run: JobHandler<'deletion.run'>, settings: Partial<QueueOptions> = {}): Promise<JobHosts> {
    const app = await anApp({ ...options, ...settings }, hostTypes({ 'deletion.run': run }));
    apps.push(app);
    await app.get(JobHosts).start();
    return app.get(JobHosts);
  }

  /** The queue itself, as @nestjs/bullmq provides it. */
  async function aQueue(): Promise<Queue> {
    const app = await anApp(options);
    apps.push(app);
    return app.get<Queue>(getQueueToken('deletions'), { strict: false });
  }

  async function isEmpty(): Promise<boolean> {
    const { waiting, active, delayed } = await queues.counts('deletions');
    return waiting + active + delayed === 0;
  }

  it('hands the data of an added job to its handler', async () => {
    const seen: unknown[] = [];
    await startHosts(async (data, { acquire: _acquire, release: _release, ...context }) => {
      seen.push({ data, context });
    });
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(() => seen.length > 0 && isEmpty());
    const context = { jobId: data.deletion_id, attempt: 1, attempts: 6, isLastAttempt: false };
    expect(seen).toEqual([{ data, context }]);
  });

  it('begins another job while a handler that has released its slot ends', async () => {
    const { opened, open } = gate();
    const begun: string[] = [];
    await startHosts(
      async ({ deletion_id }, { acquire, release }) => {
        await acquire();
        begun.push(deletion_id);
        release();
        // The first one only shows that they release theirs.
        if (begun.length > 1) await opened;
      },
      { concurrency: { deletions: 1 } },
    );
    const [first, ...others] = Array.from({ length: 3 }, aDeletion).map((data) => ({ jobId: data.deletion_id, data }));
    await queues.addBulk('deletion.run', first ? [first] : []);
    await eventually(async () => begun.length === 1 && (await isEmpty()));

    await queues.addBulk('deletion.run', others);

    await eventually(() => begun.length === 3);
    open();
    await eventually(isEmpty);
  });

  it('tells a job that was fetched ahead when it stops that there will be no slot', async () => {
    const { opened, open } = gate();
    const calling: string[] = [];
    const refused: string[] = [];
    let begun = 0;
    const hosts = await startHosts(
      async ({ deletion_id }, { acquire, release }) => {
        begun++;
        ((await acquire()) ? calling : refused).push(deletion_id);
        if (calling.length === 1) release();
        else if (calling.includes(deletion_id)) await opened;
      },
      { concurrency: { deletions: 1 } },
    );
    const [first, ...others] = Array.from({ length: 3 }, aDeletion).map((data) => ({ jobId: data.deletion_id, data }));
    await queues.addBulk('deletion.run', first ? [first] : []);
    await eventually(async () => calling.length === 1 && (await isEmpty()));
    await queues.addBulk('deletion.run', others);
    await eventually(async () => begun === 3 && (await queues.counts('deletions')).active === 2);

    const stopped = hosts.stop();
    await eventually(() => refused.length === 1);
    open();
    await stopped;

    expect(calling).toHaveLength(2);
    expect(await isEmpty()).toBe(true);
  });

  it('adds many at once, and each runs', async () => {
    const seen: string[] = [];
    await startHosts(async ({ deletion_id }) => void seen.push(deletion_id));
    const items = Array.from({ length: 250 }, aDeletion).map((data) => ({ jobId: data.deletion_id, data }));

    await queues.addBulk('deletion.run', items);

    await eventually(() => seen.length >= items.length && isEmpty());
    expect(seen.toSorted()).toEqual(items.map(({ jobId }) => jobId).toSorted());
  });

  it('runs a job once that was added twice, alone or in bulk', async () => {
    const data = aDeletion();
    const item = { jobId: data.deletion_id, data };
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await queues.addBulk('deletion.run', [item, item]);
    expect(await queues.counts('deletions')).toEqual({ waiting: 1, active: 0, delayed: 0 });

    let runs = 0;
    await startHosts(async () => void runs++);

    await eventually(isEmpty);
    expect(runs).toBe(1);
  });

  it('does nothing when a job is added that is running', async () => {
    const { opened, open } = gate();
    let runs = 0;
    await startHosts(() => (runs++, opened));
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await eventually(() => runs === 1);

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    expect(await queues.counts('deletions')).toEqual({ waiting: 0, active: 1, delayed: 0 });
    open();
    await eventually(isEmpty);
    expect(runs).toBe(1);
  });

  it.each([
    ['done', 1, () => Promise.resolve()],
    ['given up', 6, () => Promise.reject(new RetryAfter(1))],
  ])('runs a job again that is added after it was %s', async (_how, attempts, end) => {
    let runs = 0;
    await startHosts(() => (runs++, end()));
    const data = aDeletion();
    for (const expected of [attempts, 2 * attempts]) {
      await queues.add('deletion.run', data, { jobId: data.deletion_id });
      await eventually(() => runs === expected && isEmpty());
    }
  });

  it('tries again after the time a handler asked for, until attempts are used up', async () => {
    const attempts: number[] = [];
    const last: boolean[] = [];
    await startHosts(async (_data, { attempt, isLastAttempt }) => {
      attempts.push(attempt);
      last.push(isLastAttempt);
      throw new RetryAfter(5, { cause: new Error('too fast') });
    });
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(() => attempts.length === 6 && isEmpty());
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(last).toEqual([false, false, false, false, false, true]);
  });

  it('tries again after an unexpected error, with the wait of the catalogue', async () => {
    let runs = 0;
    await startHosts(async () => {
      if (++runs === 1) throw new TypeError('unexpected');
    });
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(async () => (await queues.counts('deletions')).delayed === 1);
    await eventually(isEmpty);
    expect(runs).toBe(2);
  });

  it('refuses to add data that does not fit', async () => {
    const data = { ...aDeletion(), access_token: 'a secret' };
    await expect(queues.add('deletion.run', data, { jobId: data.deletion_id })).rejects.toThrow(JobDataInvalid);
    expect(await isEmpty()).toBe(true);
  });

  it('drops a job that is not in the catalogue, or whose stored data does not fit, without running it', async () => {
    const queue = await aQueue();
    const strange = () => ({ jobId: randomUUID(), attempts: 6, removeOnFail: true });
    await queue.add('deletion.run', { deletion_id: 7 }, strange());
    // Of no queue, of another one, and what every object has.
    await queue.add('deletion.unheard-of', {}, strange());
    await queue.add('callback.process', { callback_event_id: randomUUID(), request_id: randomUUID() }, strange());
    await queue.add('toString', {}, strange());
    let calls = 0;
    await startHosts(async () => void calls++);

    await eventually(isEmpty);
    expect(calls).toBe(0);
  });

  it('keeps nothing of an error but its own words in the queue', async () => {
    await startHosts(async () => {
      throw new Error('the words of somebody else');
    });
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await eventually(async () => (await queues.counts('deletions')).delayed === 1);

    const job = await (await aQueue()).getJob(data.deletion_id);
    expect(job?.failedReason).toMatch(/^Try again in \d+ ms\.$/);
    expect(job?.stacktrace).toEqual([]);
  });

  it('stops after the job in hand, and leaves the rest for the next worker', async () => {
    const { opened, open } = gate();
    const seen: string[] = [];
    const handler: JobHandler<'deletion.run'> = ({ deletion_id }) => (seen.push(deletion_id), opened);
    const first = await startHosts(handler, { concurrency: { deletions: 1 } });
    const both = [aDeletion(), aDeletion()];
    for (const data of both) await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await eventually(() => seen.length === 1);

    let stopped = false;
    const stopping = first.stop().then(() => (stopped = true));
    expect(first.stop()).toBe(first.stop());
    await queues.ping();
    expect(stopped).toBe(false);
    open();
    await stopping;

    expect(seen).toEqual([both[0]?.deletion_id]);
    expect(await queues.counts('deletions')).toEqual({ waiting: 1, active: 0, delayed: 0 });
    await startHosts(handler);
    await eventually(isEmpty);
    expect(seen).toEqual(both.map(({ deletion_id }) => deletion_id));
  });

  it('runs a job again whose worker process was killed', async () => {
    const quick = { lockDurationMs: 1_000, stalledIntervalMs: 500 };
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await killWorkerInMidJob({ ...options, ...quick });

    const attempts: number[] = [];
    await startHosts(async (_data, { attempt }) => void attempts.push(attempt), quick);

    await eventually(isEmpty);
    expect(attempts).toEqual([1]);
  });

  it('takes no job while paused, before the start too, and goes on when resumed', async () => {
    const seen: string[] = [];
    const types = hostTypes({ 'deletion.run': async ({ deletion_id }) => void seen.push(deletion_id) });
    const app = await anApp(options, types);
    apps.push(app);
    const hosts = app.get(JobHosts);
    await hosts.pause();
    await hosts.start();
    const [first, second] = [aDeletion(), aDeletion()];
    await queues.add('deletion.run', first, { jobId: first.deletion_id });
    await sleep(1_500);
    expect(seen).toEqual([]);

    await hosts.resume();
    await eventually(() => seen.length === 1 && isEmpty());

    await hosts.pause();
    await queues.add('deletion.run', second, { jobId: second.deletion_id });
    await sleep(1_500);
    expect(seen).toEqual([first.deletion_id]);
    await hosts.resume();
    await eventually(isEmpty);
    expect(seen).toEqual([first.deletion_id, second.deletion_id]);
  });

  it('gives jobs back for as long as it may not work, and counts no attempt', async () => {
    const attempts: number[] = [];
    let mayWork = false;
    const app = await anApp(
      options,
      hostTypes({ 'deletion.run': async (_data, { attempt }) => void attempts.push(attempt) }),
    );
    apps.push(app);
    await app.get(JobHosts).start(() => mayWork);
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await sleep(1_500);
    expect(attempts).toEqual([]);

    mayWork = true;

    await eventually(isEmpty);
    expect(attempts).toEqual([1]);
  });

  it('is provided by its Nest module, answers a ping, and closes with the application', async () => {
    const module = await Test.createTestingModule({
      imports: [SettingsModule.of(QueueModule.settings(options)), QueueModule],
    }).compile();
    const provided = await module.init().then((app) => app.get(JobQueues));
    await provided.ping();

    await module.close();

    await expect(provided.ping()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await provided.close();
  });
});

it(`runs on ${queueBackends.map(([name]) => name).join(' and ')} in one process, side by side`, async () => {
  const database = await createEmptyDatabase();
  const own = `t${randomUUID().replaceAll('-', '')}`;
  const sides = await Promise.all(
    queueBackends.map(async ([, urlFor]) => {
      const seen: string[] = [];
      const run = async ({ deletion_id }: JobData<'deletion.run'>) => void seen.push(deletion_id);
      const options = { url: urlFor(database.url), schema: own, prefix: own };
      const app = await anApp(options, hostTypes({ 'deletion.run': run }));
      await app.get(JobHosts).start();
      return { app, seen, queues: app.get(JobQueues) };
    }),
  );
  const items = sides.map(() =>
    Array.from({ length: 50 }, aDeletion).map((data) => ({ jobId: data.deletion_id, data })),
  );
  await Promise.all(sides.map(({ queues }, index) => queues.addBulk('deletion.run', items[index] ?? [])));
  await eventually(() => sides.every(({ seen }) => seen.length === 50));
  for (const [index, { seen, app }] of sides.entries()) {
    expect(seen.toSorted()).toEqual(items[index]?.map(({ jobId }) => jobId).toSorted());
    await app.get(JobHosts).stop();
    await app.close();
  }
  await database.drop();
});

async function killWorkerInMidJob(options: QueueOptions): Promise<void> {
  const script = join(process.cwd(), 'libs/queue/src/doomed-worker.fixture.mjs');
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  for await (const chunk of child.stdout) if (String(chunk).includes('running')) break;
  child.kill('SIGKILL');
  await exited;
}

describe('the hosts of a process', () => {
  const handlers: JobHandlers<'tokens'> = {
    'authorizer.refresh-token': () => Promise.resolve(),
    'merchant.read-awaited-facts': () => Promise.resolve(),
  };

  it('do not compile when a queue has no host, or the host of another queue', () => {
    const types = hostTypes();
    const { tokens: _tokens, ...rest } = types;
    // @ts-expect-error Nobody runs the tokens' jobs.
    const withoutOne: JobHostTypes = rest;
    // @ts-expect-error Those of the deletions' are not the tokens'.
    const exchanged: JobHostTypes = { ...types, tokens: types.deletions };
    expect([withoutOne, exchanged]).toHaveLength(2);
  });

  it('do not compile when a job has no handler, or a handler no job of the queue', () => {
    const { 'merchant.read-awaited-facts': _facts, ...rest } = handlers;
    // @ts-expect-error Nobody reads awaited facts.
    const withoutOne: JobHandlers<'tokens'> = rest;
    // @ts-expect-error The other queue's.
    const withOneMore: JobHandlers<'tokens'> = { ...handlers, 'deletion.run': () => Promise.resolve() };
    expect([withoutOne, withOneMore]).toHaveLength(2);
  });

  it('do not start when one of them is the processor of another queue', async () => {
    const database = await createEmptyDatabase();
    @Processor('upkeep')
    class Tokens extends JobHost<'tokens'> {
      protected readonly handlers = handlers;
    }
    const app = await anApp({ url: database.url }, { ...hostTypes(), tokens: Tokens });
    await expect(app.get(JobHosts).start()).rejects.toThrow(new JobHostMisplaced('tokens', 'upkeep'));
    await app.close();
    await database.drop();
  });
});

describe('a backend that is away', () => {
  it.each(['postgres://u:hush@127.0.0.1:1/db', 'redis://:hush@127.0.0.1:1'])(
    'makes adding and pinging fail with a typed error at %s, and closing succeed',
    async (url) => {
      const queues = JobQueues.open({ url });
      const data = aDeletion();
      const adding = queues.add('deletion.run', data, { jobId: data.deletion_id });
      await expect(adding).rejects.toMatchObject({ code: 'queue_unavailable' });
      await expect(queues.ping(300)).rejects.toMatchObject({ code: 'queue_unavailable' });
      await queues.close();
    },
  );

  it('is not looked for at a URL of another kind, whose password stays untold', async () => {
    const url = 'mysql://u:hush@127.0.0.1/db';
    expect(() => JobQueues.open({ url })).toThrow(QueueUrlInvalid);
    expect(() => JobQueues.open({ url })).toThrow(/^(?!.*hush)/);
    await expect(anApp({ url })).rejects.toThrow(QueueUrlInvalid);
  });
});
