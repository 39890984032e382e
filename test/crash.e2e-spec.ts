import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

/** An app as it is deployed: built, in a process of its own. */
interface App {
  child: ChildProcess;
  /** Ends it and waits for its end. @returns its exit code, null when it was killed */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

const SLOW = { distribution: 'fixed', ms: 1_500 };

describe.each(queueBackends)('with the queue on %s', (backend, queueUrlFor) => {
  let system: System;
  let merchants: { merchant: string; msgId: string }[];
  let apps: App[] = [];

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

  async function start(app: 'api' | 'worker', env: Record<string, string> = {}): Promise<App> {
    const child = spawn(process.execPath, [join(process.cwd(), `dist/apps/${app}/src/main.js`)], {
      env: { PATH: process.env.PATH, ...system.environment, LOG_LEVEL: 'log', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const started = {
      child,
      end: async (signal: 'SIGTERM' | 'SIGKILL') => {
        child.kill(signal);
        await exited;
        return child.exitCode;
      },
    };
    apps.push(started);
    const lines = createInterface({ input: child.stdout });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => (/api listens|worker runs/.test(line) ? resolve() : undefined));
      void exited.then(() => reject(new Error(`the ${app} has ended`)));
    });
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
    for (const id of ids) expect(await system.finished(id, 50_000)).toMatchObject({ state: 'succeeded', attempts: 1 });
    for (const one of of) expect(await messageOf(one)).toMatchObject({ delete_calls: 1, delete_effects: 1 });
  }

  /** Six deletions in the queue, worked on one after the other, when the first has reached WeChat and has no answer yet. */
  async function halfway(): Promise<{ ids: string[]; of: { merchant: string; msgId: string }[]; worker: App }> {
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
    await loseQueue();
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

  async function loseQueue(): Promise<void> {
    if (backend === 'PostgreSQL') {
      await system.sql('DROP SCHEMA bullmq CASCADE');
      return;
    }
    const redis = new Redis(system.environment.QUEUE_URL ?? '');
    await redis.flushdb();
    redis.disconnect();
  }
});
