import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createEmptyDatabase, type TestDatabase } from '../../../test/support/database.js';
import { queueBackends } from '../../../test/support/queue-backends.js';
import { AddingSide, type QueueOptions } from './backend.js';
import { idleHandlers } from './idle-handlers.fixture.js';
import {
  GiveUp,
  JobDataInvalid,
  JobHandlersIncomplete,
  JobQueues,
  JobRunner,
  JobStalled,
  QueueModule,
  QueueUrlInvalid,
  RetryAfter,
  type JobData,
  type JobHandler,
  type JobHandlers,
  type JobRunnerOptions,
} from './index.js';

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

const done = () => Promise.resolve();

// Before each, because Nest's testing module installs a logger of its own.
beforeEach(() => Logger.overrideLogger(false));

describe.each(queueBackends)('on %s', (_backend, urlFor) => {
  let database: TestDatabase;
  let options: QueueOptions;
  let queues: JobQueues;
  let runners: JobRunner[];

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database.drop());

  beforeEach(() => {
    const own = `t${randomUUID().replaceAll('-', '')}`;
    options = { url: urlFor(database.url), schema: own, prefix: own };
    queues = new JobQueues(options);
    runners = [];
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    await queues.close();
  });

  async function startRunner(
    run: JobHandler<'deletion.run'>,
    settings: Partial<JobRunnerOptions> = {},
  ): Promise<JobRunner> {
    const runner = new JobRunner({ ...options, ...settings }, { ...idleHandlers, 'deletion.run': run });
    runners.push(runner);
    await runner.start();
    return runner;
  }

  async function isEmpty(): Promise<boolean> {
    const { waiting, active, delayed } = await queues.counts('deletions');
    return waiting + active + delayed === 0;
  }

  it('hands the data of an added job to its handler', async () => {
    const seen: unknown[] = [];
    await startRunner(async (data, { acquire: _acquire, release: _release, ...context }) => {
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
    await startRunner(
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
    const runner = await startRunner(
      async ({ deletion_id }, { acquire, release }) => {
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
    await eventually(async () => (await queues.counts('deletions')).active === 2);

    const stopped = runner.stop();
    await eventually(() => refused.length === 1);
    open();
    await stopped;

    expect(calling).toHaveLength(2);
    expect(await isEmpty()).toBe(true);
  });

  it('adds many at once, and each runs', async () => {
    const seen: string[] = [];
    await startRunner(async ({ deletion_id }) => void seen.push(deletion_id));
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
    await startRunner(async () => void runs++);

    await eventually(isEmpty);
    expect(runs).toBe(1);
  });

  it('does nothing when a job is added that is running', async () => {
    const { opened, open } = gate();
    let runs = 0;
    await startRunner(() => (runs++, opened));
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
    ['done', () => Promise.resolve()],
    ['given up', () => Promise.reject(new GiveUp('refused'))],
  ])('runs a job again that is added after it was %s', async (_how, end) => {
    let runs = 0;
    await startRunner(() => (runs++, end()));
    const data = aDeletion();
    for (const expected of [1, 2]) {
      await queues.add('deletion.run', data, { jobId: data.deletion_id });
      await eventually(() => runs === expected && isEmpty());
    }
  });

  it('tells which jobs it does not hold', async () => {
    const [held, unknown] = [aDeletion(), aDeletion()];
    await queues.add('deletion.run', held, { jobId: held.deletion_id });

    expect(await queues.missing('deletion.run', [held.deletion_id, unknown.deletion_id])).toEqual([
      unknown.deletion_id,
    ]);
  });

  it('tries again after the time a handler asked for, until attempts are used up, then stores the end', async () => {
    const attempts: number[] = [];
    const ends: unknown[] = [];
    await startRunner(
      async (_data, { attempt, isLastAttempt }) => {
        attempts.push(attempt);
        expect(isLastAttempt).toBe(attempt === 6);
        throw new RetryAfter(5, { cause: new Error('too fast') });
      },
      { onGaveUp: async (name, data, error) => void ends.push({ name, data, error }) },
    );
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(() => ends.length > 0 && isEmpty());
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ends).toEqual([{ name: 'deletion.run', data, error: expect.any(RetryAfter) }]);
  });

  it('tries again after an unexpected error, with the wait of the catalogue', async () => {
    let runs = 0;
    await startRunner(async () => {
      if (++runs === 1) throw new TypeError('unexpected');
    });
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(async () => (await queues.counts('deletions')).delayed === 1);
    await eventually(isEmpty);
    expect(runs).toBe(2);
  });

  it('does not try again when the handler gives up, and stores the end once', async () => {
    const ends: unknown[] = [];
    let runs = 0;
    await startRunner(
      async () => {
        runs++;
        throw new GiveUp('refused');
      },
      { onGaveUp: async (...end) => void ends.push(end) },
    );
    const data = aDeletion();

    await queues.add('deletion.run', data, { jobId: data.deletion_id });

    await eventually(() => ends.length > 0 && isEmpty());
    expect(runs).toBe(1);
    expect(ends).toEqual([['deletion.run', data, new GiveUp('refused')]]);
  });

  it('goes on with other jobs when the end of one could not be stored', async () => {
    const seen: string[] = [];
    await startRunner(
      async ({ deletion_id }) => {
        seen.push(deletion_id);
        throw new GiveUp('refused');
      },
      { onGaveUp: () => Promise.reject(new Error('database away')), concurrency: { deletions: 1 } },
    );
    const both = [aDeletion(), aDeletion()];

    await queues.addBulk(
      'deletion.run',
      both.map((data) => ({ jobId: data.deletion_id, data })),
    );

    await eventually(() => seen.length === 2 && isEmpty());
  });

  it('refuses to add data that does not fit', async () => {
    const data = { ...aDeletion(), access_token: 'a secret' };
    await expect(queues.add('deletion.run', data, { jobId: data.deletion_id })).rejects.toThrow(JobDataInvalid);
    expect(await isEmpty()).toBe(true);
  });

  it('drops a job whose stored data does not fit, without running it or storing an end', async () => {
    const side = new AddingSide(options);
    const strange = side.open('deletions');
    await strange.add('deletion.run', { deletion_id: 7 }, { jobId: randomUUID(), attempts: 6, removeOnFail: true });
    await strange.add('deletion.unheard-of', {}, { jobId: randomUUID(), attempts: 6, removeOnFail: true });
    await strange.close();
    await side.close(5_000);
    let calls = 0;
    await startRunner(async () => void calls++, { onGaveUp: async () => void calls++ });

    await eventually(isEmpty);
    expect(calls).toBe(0);
  });

  it('keeps nothing of an error but its own words in the queue', async () => {
    await startRunner(async () => {
      throw new Error('the words of somebody else');
    });
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await eventually(async () => (await queues.counts('deletions')).delayed === 1);

    const side = new AddingSide(options);
    const raw = side.open('deletions');
    const job = await raw.getJob(data.deletion_id);
    await raw.close();
    await side.close(5_000);
    expect(job?.failedReason).toMatch(/^Try again in \d+ ms\.$/);
    expect(job?.stacktrace).toEqual([]);
  });

  it('stops after the job in hand, and leaves the rest for the next worker', async () => {
    const { opened, open } = gate();
    const seen: string[] = [];
    const handler: JobHandler<'deletion.run'> = ({ deletion_id }) => (seen.push(deletion_id), opened);
    const first = await startRunner(handler, { concurrency: { deletions: 1 } });
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
    await startRunner(handler);
    await eventually(isEmpty);
    expect(seen).toEqual(both.map(({ deletion_id }) => deletion_id));
  });

  it('runs a job again whose worker process was killed', async () => {
    const quick = { lockDurationMs: 1_000, stalledIntervalMs: 500 };
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await killWorkerInMidJob({ ...options, ...quick });

    const attempts: number[] = [];
    await startRunner(async (_data, { attempt }) => void attempts.push(attempt), quick);

    await eventually(isEmpty);
    expect(attempts).toEqual([1]);
  });

  it('stores the end of a job that loses too many workers', async () => {
    const quick = { lockDurationMs: 1_000, stalledIntervalMs: 500, maxStalledCount: 0 };
    const data = aDeletion();
    await queues.add('deletion.run', data, { jobId: data.deletion_id });
    await killWorkerInMidJob({ ...options, ...quick });

    const ends: unknown[] = [];
    let runs = 0;
    await startRunner(async () => void runs++, { ...quick, onGaveUp: async (...end) => void ends.push(end) });

    await eventually(() => ends.length > 0 && isEmpty());
    expect(runs).toBe(0);
    expect(ends).toEqual([['deletion.run', data, new JobStalled('deletion.run')]]);
  });

  it('is provided by its Nest module, answers a ping, and closes with the application', async () => {
    const module = await Test.createTestingModule({ imports: [QueueModule.forRoot(options)] }).compile();
    const provided = await module.init().then((app) => app.get(JobQueues));
    await provided.ping();

    await module.close();

    await expect(provided.ping()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await provided.close();
  });
});

async function killWorkerInMidJob(options: JobRunnerOptions): Promise<void> {
  const script = join(process.cwd(), 'libs/queue/src/doomed-worker.fixture.mjs');
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  for await (const chunk of child.stdout) if (String(chunk).includes('running')) break;
  child.kill('SIGKILL');
  await exited;
}

describe('JobRunner', () => {
  const options = { url: 'redis://127.0.0.1:1' };

  it('refuses to exist when a job has no handler', () => {
    const { 'callback.process': _without, ...rest } = idleHandlers;
    expect(() => new JobRunner(options, rest as JobHandlers)).toThrow(
      new JobHandlersIncomplete(['callback.process'], []),
    );
  });

  it('refuses to exist when a handler has no job', () => {
    const more = { ...idleHandlers, 'deletion.undo': done };
    expect(() => new JobRunner(options, more)).toThrow(new JobHandlersIncomplete([], ['deletion.undo']));
  });
});

describe('a backend that is away', () => {
  it.each(['postgres://u:hush@127.0.0.1:1/db', 'redis://:hush@127.0.0.1:1'])(
    'makes adding and pinging fail with a typed error at %s, and closing succeed',
    async (url) => {
      const queues = new JobQueues({ url });
      const data = aDeletion();
      const adding = queues.add('deletion.run', data, { jobId: data.deletion_id });
      await expect(adding).rejects.toMatchObject({ code: 'queue_unavailable' });
      await expect(queues.ping(300)).rejects.toMatchObject({ code: 'queue_unavailable' });
      await queues.close();
    },
  );

  it('is not looked for at a URL of another kind, whose password stays untold', () => {
    const url = 'mysql://u:hush@127.0.0.1/db';
    expect(() => new JobQueues({ url })).toThrow(QueueUrlInvalid);
    expect(() => new JobRunner({ url }, idleHandlers)).toThrow(/^(?!.*hush)/);
  });
});
