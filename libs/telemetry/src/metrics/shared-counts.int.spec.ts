import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { SharedCounts } from './shared-counts.js';

// What fails here is told in the log.
beforeAll(() => Logger.overrideLogger(false));

describe('a count that all processes share', () => {
  let database: TestDatabase;
  let sources: DataSource[];
  let processes: SharedCounts[];
  let counted: number;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    sources = await Promise.all(
      [1, 2, 3].map(() =>
        new DataSource(
          dataSourceOptions({ url: database.url, entities: [], applicationName: 'test', poolSize: 4 }),
        ).initialize(),
      ),
    );
    processes = sources.map((source) => new SharedCounts(source));
  });
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.destroy()));
    await database.drop();
  });
  beforeEach(() => {
    counted = 0;
  });

  const count = async () => ({ lanes: ++counted });
  const pass = (seconds: number) =>
    sources[0]?.query(
      `UPDATE shared_figures SET claimed_at = claimed_at - $1 * interval '1 s', counted_at = counted_at - $1 * interval '1 s'`,
      [seconds],
    );

  it('is counted by one of them, once in its time', async () => {
    const found = await Promise.all([...processes, ...processes].map((one) => one.of('once', 60, count)));
    expect(counted).toBe(1);
    expect(found.filter((one) => one !== undefined).length).toBeGreaterThan(0);
    for (const one of processes) expect(await one.of('once', 60, count)).toEqual({ lanes: 1 });
    expect(counted).toBe(1);
    await pass(61);
    expect(await processes[1]?.of('once', 60, count)).toEqual({ lanes: 2 });
    expect(await processes[0]?.of('once', 60, count)).toEqual({ lanes: 2 });
  });

  it('stays as it was while whoever counts fails, and is told no more when it is old', async () => {
    await processes[0]?.of('failing', 60, count);
    await pass(61);
    const fail = () => Promise.reject(new Error('too slow'));
    expect(await processes[0]?.of('failing', 60, fail)).toEqual({ lanes: 1 });
    expect(await processes[1]?.of('failing', 60, count)).toEqual({ lanes: 1 });
    await pass(600);
    expect(await processes[0]?.of('failing', 60, fail)).toBeUndefined();
    expect(await processes[1]?.of('failing', 60, count)).toBeUndefined();
    await pass(61);
    expect(await processes[1]?.of('failing', 60, count)).toEqual({ lanes: 2 });
  });
});
