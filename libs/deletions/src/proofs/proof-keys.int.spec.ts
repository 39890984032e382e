import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions, Resealing, rows, SealedColumns } from '@app/database';
import { SecretBox, type MasterKey } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { ProofKeys } from './proof-keys.js';

const masterKey = (id: string): MasterKey => ({ id, key: randomBytes(32) });
const [k1, k2] = [masterKey('k1'), masterKey('k2')];
const nobody = () => Promise.resolve();

describe('the keys of proofs', () => {
  let database: TestDatabase;
  /** As many processes. */
  let sources: DataSource[];

  beforeEach(async () => {
    database = await createMigratedDatabase();
    const options = dataSourceOptions({ url: database.url, entities: [], applicationName: 'test', poolSize: 4 });
    sources = await Promise.all([1, 2, 3].map(() => new DataSource(options).initialize()));
  });
  afterEach(async () => {
    await Promise.all(sources.map((source) => source.destroy()));
    await database.drop();
  });

  const source = () => sources[0] as DataSource;
  const keysOf = (of: DataSource, ...keys: MasterKey[]) => new ProofKeys(of, new SealedColumns(new SecretBox(keys)));

  it('are made once, however many need the first one at the same time', async () => {
    const noted: string[] = [];
    const noting = (_tx: unknown, kid: string) => Promise.resolve(void noted.push(kid));
    const taken = await Promise.all(
      Array.from({ length: 4 }, () => sources.map((of) => keysOf(of, k1).current(noting))).flat(),
    );
    const kids = new Set(taken.map(({ kid }) => kid));
    expect([...kids]).toEqual(noted);
    expect(await keysOf(source(), k1).published()).toMatchObject([{ kid: noted[0], retiredAt: null, revokedAt: null }]);
  });

  it('are not made where the act cannot be noted', async () => {
    const broken = () => Promise.reject(new Error('killed'));
    await expect(keysOf(source(), k1).current(broken)).rejects.toThrow('killed');
    expect(await keysOf(source(), k1).published()).toEqual([]);
    const { kid } = await keysOf(source(), k1).current(nobody);
    await expect(keysOf(source(), k1).rotate(false, broken)).rejects.toThrow('killed');
    expect(await keysOf(source(), k1).current(nobody)).toMatchObject({ kid });
  });

  it('follow one another, each retired by the next, also where several rotate at once', async () => {
    const first = await keysOf(source(), k1).current(nobody);
    const rotated = await Promise.all(sources.map((of) => keysOf(of, k1).rotate(false, nobody)));
    const published = await keysOf(source(), k1).published();
    expect(published).toHaveLength(4);
    expect(published[0]).toMatchObject({ kid: first.kid });
    expect(published.filter(({ retiredAt }) => retiredAt === null)).toHaveLength(1);
    expect(new Set(rotated.map(({ retired }) => retired)).size).toBe(3);
    const last = published.at(-1);
    expect(await keysOf(source(), k1).current(nobody)).toMatchObject({ kid: last?.kid });
    expect(last?.retiredAt).toBeNull();
  });

  it('are sealed anew after a rotation of master keys', async () => {
    const { kid } = await keysOf(source(), k1).current(nobody);
    const [{ sealed } = { sealed: '' }] = await rows<{ sealed: string }>(
      source(),
      `SELECT private_key_sealed AS sealed FROM proof_keys`,
    );
    expect(sealed).toMatch(/^v1\.k1\./);
    const box = new SecretBox([k2, k1]);
    expect(await new Resealing(source(), box, new SealedColumns(box)).step(100)).toBe(1);
    expect(await keysOf(source(), k2).current(nobody)).toMatchObject({ kid });
  });
});
