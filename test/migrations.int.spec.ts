import { DataSource } from 'typeorm';
import { accessEntities } from '@app/access';
import { dataSourceOptions, migrate } from '@app/database';
import { deletionsEntities } from '@app/deletions';
import { eventsEntities } from '@app/events';
import { merchantsEntities } from '@app/merchants';
import { webhooksEntities } from '@app/webhooks';
import { createEmptyDatabase, type TestDatabase } from './support/database.js';

describe('the migrations', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('run once on an empty database, even when several processes start together', async () => {
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(runs.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(database.url)).toEqual([]);
  });

  it('make the schema that the entities describe', async () => {
    const entities = [
      ...accessEntities,
      ...eventsEntities,
      ...merchantsEntities,
      ...deletionsEntities,
      ...webhooksEntities,
    ];
    dataSource = await new DataSource(
      dataSourceOptions({ url: database.url, entities, applicationName: 'test' }),
    ).initialize();
    const differences = await dataSource.driver.createSchemaBuilder().log();
    expect(differences.upQueries.map(({ query }) => query)).toEqual([]);
  });
});
