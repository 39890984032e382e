import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions, rows } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { eventually } from '../../../../test/support/eventually.js';
import { ApiKeys, hashOfKey } from './api-keys.js';
import { AuditEvent } from '../audit/audit-event.entity.js';
import { AuditLog } from '../audit/audit-log.js';
import { accessEntities } from '../index.js';

const aKey = () => `rk_${randomBytes(32).toString('base64url')}`;

describe('API keys', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let keys: ApiKeys;
  let audit: AuditLog;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const options = dataSourceOptions({ url: database.url, entities: accessEntities, applicationName: 'test' });
    dataSource = await new DataSource(options).initialize();
    audit = new AuditLog(dataSource, dataSource.getRepository(AuditEvent));
    keys = new ApiKeys(dataSource, audit);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const anotherProcess = () => new ApiKeys(dataSource, audit);

  async function issue({
    role = 'operator',
    platforms = null as string[] | null,
    expiresAt = 'NULL',
  }): Promise<string> {
    const key = aKey();
    await dataSource.query(
      `INSERT INTO api_keys (id, name, key_hash, role, platforms, expires_at)
       VALUES (gen_random_uuid(), 'a system', $1, $2, $3, ${expiresAt})`,
      [hashOfKey(key), role, platforms],
    );
    return key;
  }

  it('are made once for a deployment that has none, by one of the processes that start', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => keys.first()));
    const [first = '', ...more] = made.filter((key) => key !== undefined);
    expect(more).toEqual([]);
    expect(await keys.authenticate(first)).toMatchObject({
      role: 'admin',
      scope: { platforms: null, merchants: null },
    });
    expect(await keys.first()).toBeUndefined();
  });

  it('from the settings work as an admin’s, however many processes start with them', async () => {
    const key = aKey();
    await Promise.all(Array.from({ length: 5 }, () => keys.bootstrap(key)));
    const principal = await keys.authenticate(key);
    expect(principal).toEqual({
      apiKeyId: expect.any(String),
      role: 'admin',
      scope: { platforms: null, merchants: null },
      tenant: null,
      expiresAt: null,
    });
    await keys.bootstrap(key);
    const told = await audit.list({ platforms: null, merchants: null }, { limit: 10, subjectId: principal?.apiKeyId });
    expect(told.map(({ action }) => action)).toEqual(['api_key.created']);
    expect(await keys.authenticate(key)).toEqual(principal);
  });

  it('are stored as hashes only', async () => {
    const key = aKey();
    await keys.bootstrap(key);
    expect(JSON.stringify(await dataSource.query('SELECT * FROM api_keys'))).not.toContain(key.slice(3));
  });

  it('from the settings take the place of the one that stood there before, for good', async () => {
    const [old, young] = [aKey(), aKey()];
    expect(await keys.bootstrap(old)).toBe(true);
    const issued = await issue({ role: 'admin' });
    expect(await Promise.all([keys.bootstrap(young), keys.bootstrap(young)])).toEqual([true, true]);
    expect(await keys.authenticate(old)).toBeUndefined();
    expect(await keys.authenticate(young)).toBeDefined();
    expect(await keys.authenticate(issued)).toBeDefined();

    // A process of before the change that starts once more.
    expect(await keys.bootstrap(old)).toBe(false);
    expect(await keys.authenticate(old)).toBeUndefined();
    expect(await keys.authenticate(young)).toBeDefined();
  });

  it('from the settings may be ones that were issued, and are then replaced like others', async () => {
    const [issued, young] = [await issue({ role: 'admin' }), aKey()];
    expect(await keys.bootstrap(issued)).toBe(true);
    expect(await keys.bootstrap(young)).toBe(true);
    expect(await keys.authenticate(issued)).toBeUndefined();
  });

  it.each([
    ['limits', { platforms: ['wx1'] }],
    ['an end', { expiresAt: `now() + interval '1 hour'` }],
  ])('from the settings are not taken if they have %s, and what stood there works on', async (_what, limits) => {
    const [old, limited] = [aKey(), await issue({ role: 'admin', ...limits })];
    await keys.bootstrap(old);
    expect(await keys.bootstrap(limited)).toBe(false);
    expect(await keys.authenticate(old)).toBeDefined();
  });

  it('that were revoked stay so, also if the settings still name them', async () => {
    const key = aKey();
    await keys.bootstrap(key);
    const principal = await keys.authenticate(key);
    await dataSource.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [principal?.apiKeyId]);
    expect(await keys.bootstrap(key)).toBe(false);
    expect(await anotherProcess().authenticate(key)).toBeUndefined();
  });

  describe('are remembered', () => {
    afterEach(() => jest.restoreAllMocks());

    it('for a second, and then looked up again', async () => {
      const start = performance.now();
      const clock = jest.spyOn(performance, 'now').mockReturnValue(start);
      const key = await issue({});
      const principal = await keys.authenticate(key);
      await dataSource.query('DELETE FROM api_keys WHERE key_hash = $1', [hashOfKey(key)]);
      expect(await anotherProcess().authenticate(key)).toBeUndefined();
      clock.mockReturnValue(start + 999);
      expect(await keys.authenticate(key)).toEqual(principal);
      clock.mockReturnValue(start + 1_001);
      expect(await keys.authenticate(key)).toBeUndefined();
    });

    it('and so are those that are none', async () => {
      const start = performance.now();
      const clock = jest.spyOn(performance, 'now').mockReturnValue(start);
      const key = aKey();
      expect(await keys.authenticate(key)).toBeUndefined();
      await dataSource.query(
        `INSERT INTO api_keys (id, name, key_hash, role) VALUES (gen_random_uuid(), 'later', $1, 'viewer')`,
        [hashOfKey(key)],
      );
      clock.mockReturnValue(start + 999);
      expect(await keys.authenticate(key)).toBeUndefined();
      expect(keys.wasLetIn(key)).toBe(false);
      clock.mockReturnValue(start + 1_001);
      expect(await keys.authenticate(key)).toMatchObject({ role: 'viewer' });
      expect(keys.wasLetIn(key)).toBe(true);
    });

    it('and so are those that have ended, until they are given a later end', async () => {
      const start = performance.now();
      const clock = jest.spyOn(performance, 'now').mockReturnValue(start);
      const key = await issue({ role: 'viewer', expiresAt: `now() - interval '1 second'` });
      expect(await keys.authenticate(key)).toBeUndefined();
      await dataSource.query(`UPDATE api_keys SET expires_at = NULL WHERE key_hash = $1`, [hashOfKey(key)]);
      clock.mockReturnValue(start + 999);
      expect(await keys.authenticate(key)).toBeUndefined();
      clock.mockReturnValue(start + 1_001);
      expect(await keys.authenticate(key)).toMatchObject({ role: 'viewer' });
    });

    it('without their use being forgotten: it is noted again after a minute', async () => {
      const key = await issue({});
      await keys.authenticate(key);
      await eventually(
        () => lastUse(key),
        (at) => at != null,
      );
      await dataSource.query(`UPDATE api_keys SET last_used_at = now() - interval '1 hour' WHERE key_hash = $1`, [
        hashOfKey(key),
      ]);
      const start = performance.now();
      const clock = jest.spyOn(performance, 'now');
      for (let seconds = 0.5; seconds < 70; seconds += 0.5) {
        clock.mockReturnValue(start + seconds * 1000);
        await keys.authenticate(key);
      }
      clock.mockRestore();
      await eventually(
        () => lastUse(key),
        (at) => at != null && Date.now() - at.getTime() < 60_000,
      );
    });

    it('no longer than they work', async () => {
      jest.spyOn(performance, 'now').mockReturnValue(performance.now());
      const key = await issue({ expiresAt: `now() + interval '1 hour'` });
      expect(await keys.authenticate(key)).toBeDefined();
      await dataSource.query(`UPDATE api_keys SET expires_at = now() WHERE key_hash = $1`, [hashOfKey(key)]);
      jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_001);
      expect(await keys.authenticate(key)).toBeUndefined();
    });
  });

  it('that the settings have replaced work in no process from then on', async () => {
    const [old, young] = [aKey(), aKey()];
    await keys.bootstrap(old);
    const processes = [keys, anotherProcess()];
    for (const process of processes) expect(await process.authenticate(old)).toBeDefined();
    await anotherProcess().bootstrap(young);
    for (const process of processes) expect(await process.authenticate(old)).toBeUndefined();
  });

  it('tell what they are limited to', async () => {
    const key = await issue({ role: 'viewer', platforms: ['wx1', 'wx2'] });
    expect(await keys.authenticate(key)).toMatchObject({
      role: 'viewer',
      scope: { platforms: ['wx1', 'wx2'], merchants: null },
    });
  });

  const lastUse = async (key: string) => {
    const [row] = await rows<{ at: Date | null }>(
      dataSource,
      'SELECT last_used_at AS at FROM api_keys WHERE key_hash = $1',
      [hashOfKey(key)],
    );
    return row?.at;
  };

  it('remember when they were last used, at most once a minute', async () => {
    const key = await issue({});
    expect(await lastUse(key)).toBeNull();
    await keys.authenticate(key);
    const first = await eventually(
      () => lastUse(key),
      (at) => at != null,
    );
    const otherProcess = anotherProcess();
    await Promise.all([keys.authenticate(key), otherProcess.authenticate(key), otherProcess.authenticate(key)]);
    await dataSource.query('SELECT 1');
    expect(await lastUse(key)).toEqual(first);
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
