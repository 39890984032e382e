import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

const TEN_MINUTES_MS = 600_000;
const PRELOAD = pathToFileURL(join(process.cwd(), 'test/support/shifted-clock.mjs')).href;

/** A worker whose clock is off, and what it says of it. */
async function startShifted(system: System, shiftMs: number) {
  const folder = await mkdtemp(join(tmpdir(), 'retract-clock-'));
  const file = join(folder, 'shift');
  const shiftBy = (ms: number) => writeFile(file, String(ms));
  await shiftBy(shiftMs);
  const told: Record<string, unknown>[] = [];
  const environment = { ...system.environment, NODE_OPTIONS: `--import=${PRELOAD}`, CLOCK_SHIFT_FILE: file };
  const app = await startBuiltApp('worker', environment, (line) => {
    const record = JSON.parse(line) as Record<string, unknown>;
    if (String(record.message).includes('clock')) told.push(record);
  });
  const end: BuiltApp['end'] = async (signal) => {
    const code = await app.end(signal);
    await rm(folder, { recursive: true });
    return code;
  };
  return { told, shiftBy, end };
}

describe.each(queueBackends)('a worker whose clock is not the database’s, queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let targets: { merchant: string; msgId: string }[];
  let workers: Pick<BuiltApp, 'end'>[] = [];

  beforeEach(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
    targets = await system.grantedMerchants(20);
    // The workers of these tests are processes of their own.
    await system.stopWorker();
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
    workers = [];
    await system.close();
  });

  const deleteAll = () =>
    Promise.all(
      targets.map(async ({ merchant, msgId }) => {
        const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1 });
        return String(body.id);
      }),
    );
  const attempts = () => system.sql<{ count: number }>('SELECT count(*)::int FROM deletion_attempts');

  it.each([
    ['behind', -TEN_MINUTES_MS],
    ['ahead', TEN_MINUTES_MS],
  ])('by ten minutes %s says so and takes no jobs until it is set right', async (_direction, shiftMs) => {
    const shifted = await startShifted(system, shiftMs);
    workers.push(shifted);
    const ids = await deleteAll();
    await eventually(
      () => system.sql<{ count: number }>('SELECT count(*)::int FROM deletions WHERE dispatched_at IS NOT NULL'),
      ([row]) => row?.count === ids.length,
    );
    expect(shifted.told).toMatchObject([{ level: 'error', message: expect.stringContaining('set it right') }]);
    expect(Math.round(Number(shifted.told[0]?.ahead_ms) / 1000)).toBe(shiftMs / 1000);
    expect(await attempts()).toEqual([{ count: 0 }]);
    await shifted.shiftBy(0);
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
    expect(shifted.told).toHaveLength(2);
  });

  it('writes no delay when its clock leaps while it works', async () => {
    const shifted = await startShifted(system, 0);
    workers.push(shifted);
    await system.control('POST', 'faults', {
      operation: 'mass/delete',
      outcome: 'errcode',
      errcode: -1,
      delay_ms: 500,
      times: 20,
    });
    const ids = await deleteAll();
    await eventually(attempts, ([row]) => (row?.count ?? 0) > 0);
    await shifted.shiftBy(TEN_MINUTES_MS);
    await eventually(
      () => Promise.resolve(shifted.told),
      ({ length }) => length > 0,
    );
    await shifted.shiftBy(0);
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
  });

  it('leaves its jobs to others, whose retries come at their time', async () => {
    for (const shiftMs of [-TEN_MINUTES_MS, TEN_MINUTES_MS]) workers.push(await startShifted(system, shiftMs));
    workers.push(await startBuiltApp('worker', system.environment));
    await system.control('POST', 'faults', { operation: 'mass/delete', outcome: 'errcode', errcode: -1, times: 30 });
    const ids = await deleteAll();
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
  });
});
