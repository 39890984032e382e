import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { settledUntil } from './period.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createMigratedDatabase();
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.url, entities: [], applicationName: 'test' }),
  ).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const nowThere = async (): Promise<Date> => (await dataSource.query(`SELECT now() AS now`))[0].now;

it('nothing ends any more before the oldest transaction that is open, for what it ends has the time of its beginning', async () => {
  const open = dataSource.createQueryRunner();
  await open.startTransaction();
  const [{ now: begun }] = await open.query(`SELECT now()`);
  const [{ at }] = await open.query(`SELECT date_trunc('milliseconds', now()) AS at`);
  const later = await nowThere();
  expect(later.getTime()).toBeGreaterThanOrEqual(begun.getTime());
  expect(await settledUntil(dataSource, 0)).toEqual(at);
  await open.commitTransaction();
  await open.release();
  const settled = await settledUntil(dataSource, 0);
  expect(settled.getTime()).toBeGreaterThanOrEqual(later.getTime());
});

it('clocks of servers differ: a while passes besides', async () => {
  const before = await nowThere();
  const settled = await settledUntil(dataSource, 60_000);
  const after = await nowThere();
  expect(settled.getTime()).toBeGreaterThanOrEqual(before.getTime() - 60_000);
  expect(settled.getTime()).toBeLessThanOrEqual(after.getTime() - 60_000);
});
