import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from '../../../test/support/database.js';
import { ApiKeys } from './api-keys.js';
import { accessEntities } from './index.js';

const aKey = () => `rk_${randomBytes(32).toString('base64url')}`;

describe('API keys', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let keys: ApiKeys;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const options = dataSourceOptions({ url: database.url, entities: accessEntities, applicationName: 'test' });
    dataSource = await new DataSource(options).initialize();
    keys = new ApiKeys(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('from the settings work as an admin’s, however many processes start with them', async () => {
    const key = aKey();
    await Promise.all(Array.from({ length: 5 }, () => keys.bootstrap(key)));
    const principal = await keys.authenticate(key);
    expect(principal).toEqual({
      apiKeyId: expect.any(String),
      role: 'admin',
      scope: { platforms: null, merchants: null },
    });
    await keys.bootstrap(key);
    expect(await keys.authenticate(key)).toEqual(principal);
  });

  it('are stored as hashes only', async () => {
    const key = aKey();
    await keys.bootstrap(key);
    expect(JSON.stringify(await dataSource.query('SELECT * FROM api_keys'))).not.toContain(key.slice(3));
  });

  it('that were revoked stay so, also if the settings still name them', async () => {
    const [key, other] = [aKey(), aKey()];
    await keys.bootstrap(key);
    await keys.bootstrap(other);
    const principal = await keys.authenticate(key);
    await dataSource.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [principal?.apiKeyId]);
    expect(await keys.authenticate(key)).toBeUndefined();
    await keys.bootstrap(key);
    expect(await keys.authenticate(key)).toBeUndefined();
    expect(await keys.authenticate(other)).toBeDefined();
  });

  it.each([
    '',
    'rk_',
    'rk_short',
    aKey(),
    ` ${aKey()}`,
    `rk_${'a'.repeat(129)}`,
    "rk_' OR 1=1 --",
    `rk_${'ü'.repeat(43)}`,
  ])('that nobody gave out open nothing: %j', async (key) => {
    expect(await keys.authenticate(key)).toBeUndefined();
  });
});
