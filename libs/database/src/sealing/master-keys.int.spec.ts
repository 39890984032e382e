import { randomBytes, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecretBox, type MasterKey } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import {
  checkMasterKeys,
  countKeyUses,
  dataSourceOptions,
  keyIdsInUse,
  MasterKeysRefused,
  Resealing,
  rows,
  SEALED_COLUMNS,
  SealedColumns,
} from '../index.js';

const masterKey = (id: string): MasterKey => ({ id, key: randomBytes(32) });
const [k1, k2] = [masterKey('k1'), masterKey('k2')];
const sealedWith = (...keys: MasterKey[]) => new SealedColumns(new SecretBox(keys));
const refreshTokenOf = (rowId: string) => ({ table: 'merchants', column: 'refresh_token_sealed', rowId });

describe('master keys', () => {
  beforeAll(() => Logger.overrideLogger(false));

  let database: TestDatabase;
  let dataSource: DataSource;
  let platformId: string;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = { url: database.url, entities: [], applicationName: 'test' };
    dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    platformId = await addPlatform(k1);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  async function addPlatform(key: MasterKey): Promise<string> {
    const id = randomUUID();
    const seal = (column: string) => sealedWith(key).seal({ table: 'platforms', column, rowId: id }, column);
    await dataSource.query(
      `INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
       VALUES ($1::uuid, $1::uuid::text, $2, $3, $4)`,
      [id, seal('app_secret_sealed'), seal('token_sealed'), seal('encoding_aes_key_sealed')],
    );
    return id;
  }

  async function addMerchants(count: number, key: MasterKey): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const sealed = ids.map((id) => sealedWith(key).seal(refreshTokenOf(id), `refresh token of ${id}`));
    await dataSource.query(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, refresh_token_sealed)
       SELECT id, $1, id::text, 'authorized', sealed FROM unnest($2::uuid[], $3::text[]) AS new (id, sealed)`,
      [platformId, ids, sealed],
    );
    return ids;
  }

  const stored = () =>
    rows<{ id: string; sealed: string }>(
      dataSource,
      `SELECT id, refresh_token_sealed AS sealed FROM merchants ORDER BY id`,
    );

  const resealing = (...keys: MasterKey[]) =>
    new Resealing(dataSource, new SecretBox(keys), new SealedColumns(new SecretBox(keys)));

  const check = (...keys: MasterKey[]) => checkMasterKeys(dataSource, keys);

  it('are looked for in every column that holds what is sealed', async () => {
    const columns = await rows<{ name: string }>(
      dataSource,
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE column_name LIKE '%\\_sealed'`,
    );
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(
      columns.map(({ name }) => name).sort(),
    );
  });

  it('are noted at the first start and known from then on', async () => {
    await check(k1);
    await check(k2, k1);
    await expect(check(k2)).rejects.toMatchObject({ faults: [{ keyId: 'k1', fault: 'missing' }] });
    await expect(check(masterKey('k2'), k1)).rejects.toMatchObject({ faults: [{ keyId: 'k2', fault: 'wrong' }] });
  });

  it('are refused with the rows that need another, also at the first start, and then not noted', async () => {
    await addMerchants(3, k1);
    await expect(check(masterKey('k1'))).rejects.toThrow(
      'Key "k1" is not the one that was used by this id. Rows that need it: platforms 1, merchants 3.',
    );
    await expect(check(k2)).rejects.toThrow('Key "k1" is missing. Rows that need it: platforms 1, merchants 3.');
    expect(await rows(dataSource, `SELECT 1 FROM master_key_checks`)).toEqual([]);
    await check(k1);
  });

  it('are noted once: of two processes with different keys of one id, one starts', async () => {
    const starts = await Promise.allSettled([check(masterKey('k2'), k1), check(masterKey('k2'), k1)]);
    expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(starts.find((start) => start.status === 'rejected')?.reason).toBeInstanceOf(MasterKeysRefused);
  });

  it('tell what is sealed with each', async () => {
    await addPlatform(k2);
    await addMerchants(2, k1);
    expect(await keyIdsInUse(dataSource)).toEqual(['k1', 'k2']);
    const uses = await countKeyUses(dataSource);
    expect(uses).toHaveLength(3);
    expect(uses).toEqual(
      expect.arrayContaining([
        { keyId: 'k1', table: 'platforms', rows: 1 },
        { keyId: 'k2', table: 'platforms', rows: 1 },
        { keyId: 'k1', table: 'merchants', rows: 2 },
      ]),
    );
  });

  it('give way to the newest, a part at a time, and then open with it alone', async () => {
    await addMerchants(1_200, k1);
    expect(await resealing(k1).step(10_000)).toBe(0);
    expect(await resealing(k2, k1).step(500)).toBeLessThan(600);
    await resealing(k2, k1).step(10_000);
    expect(await keyIdsInUse(dataSource)).toEqual(['k2']);
    for (const { id, sealed } of await stored()) {
      expect(sealedWith(k2).unseal(refreshTokenOf(id), sealed)).toBe(`refresh token of ${id}`);
    }
    await check(k2);
  });

  it('never lose what is written while two workers seal anew', async () => {
    const ids = await addMerchants(300, k1);
    const written = new Map<string, string>();
    let isDone = false;
    // A process of before the rotation, which rotates refresh tokens as answers of WeChat come in.
    const writing = (async () => {
      for (let round = 0; round < 8 || !isDone; round++) {
        for (const id of ids.filter((_, index) => index % 8 === round % 8)) {
          const token = `token ${round} of ${id}`;
          await dataSource.query(`UPDATE merchants SET refresh_token_sealed = $2 WHERE id = $1`, [
            id,
            sealedWith(k1).seal(refreshTokenOf(id), token),
          ]);
          written.set(id, token);
        }
      }
    })();
    const workers = [resealing(k2, k1), resealing(k2, k1)];
    let resealed = 0;
    while (resealed < 1_000) {
      for (const count of await Promise.all(workers.map((worker) => worker.step(10_000)))) resealed += count;
    }
    isDone = true;
    await writing;
    for (const { id, sealed } of await stored()) {
      expect(sealedWith(k2, k1).unseal(refreshTokenOf(id), sealed)).toBe(written.get(id));
    }
    await workers[0]?.step(10_000);
    expect(await keyIdsInUse(dataSource)).toEqual(['k2']);
    for (const { id, sealed } of await stored()) {
      expect(sealedWith(k2).unseal(refreshTokenOf(id), sealed)).toBe(written.get(id));
    }
  });

  it('leave a row that is just being changed, and wait for nobody', async () => {
    const [id = ''] = await addMerchants(2, k1);
    const newer = sealedWith(k1).seal(refreshTokenOf(id), 'newer');
    await dataSource.transaction(async (tx) => {
      await tx.query(`UPDATE merchants SET refresh_token_sealed = $2 WHERE id = $1`, [id, newer]);
      await resealing(k2, k1).step(10_000);
    });
    expect((await stored()).find((row) => row.id === id)?.sealed).toBe(newer);
    expect(await countKeyUses(dataSource, ['k1'])).toEqual([{ keyId: 'k1', table: 'merchants', rows: 1 }]);
    expect(await resealing(k2, k1).step(10_000)).toBe(1);
    expect(sealedWith(k2).unseal(refreshTokenOf(id), (await stored()).find((row) => row.id === id)?.sealed ?? '')).toBe(
      'newer',
    );
  });

  it('leave a value as it is that does not open, and seal the rest anew', async () => {
    const [broken = ''] = await addMerchants(3, k1);
    const elsewhere = sealedWith(k1).seal(refreshTokenOf(randomUUID()), 'copied from another row');
    await dataSource.query(`UPDATE merchants SET refresh_token_sealed = $2 WHERE id = $1`, [broken, elsewhere]);
    const worker = resealing(k2, k1);
    await worker.step(10_000);
    expect(await worker.step(10_000)).toBe(0);
    expect(await countKeyUses(dataSource, ['k1'])).toEqual([{ keyId: 'k1', table: 'merchants', rows: 1 }]);
    expect((await stored()).find(({ id }) => id === broken)?.sealed).toBe(elsewhere);
  });
});
