import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { countKeyUses, dataSourceOptions, Resealing, rows, SealedColumns } from '@app/database';
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
    await expect(keysOf(source(), k1).rotate('none', broken)).rejects.toThrow('killed');
    expect(await keysOf(source(), k1).current(nobody)).toMatchObject({ kid });
  });

  it('follow one another, each retired by the next, also where several rotate at once', async () => {
    const first = await keysOf(source(), k1).current(nobody);
    const rotated = await Promise.all(sources.map((of) => keysOf(of, k1).rotate('none', nobody)));
    const published = await keysOf(source(), k1).published();
    expect(published).toHaveLength(4);
    expect(published[0]).toMatchObject({ kid: first.kid });
    expect(published.filter(({ retiredAt }) => retiredAt === null)).toHaveLength(1);
    expect(new Set(rotated.map(({ retired }) => retired)).size).toBe(3);
    const last = published.at(-1);
    expect(await keysOf(source(), k1).current(nobody)).toMatchObject({ kid: last?.kid });
    expect(last?.retiredAt).toBeNull();
  });

  const privateParts = async () =>
    (
      await rows<{ kid: string; isThere: boolean }>(
        source(),
        `SELECT kid, private_key_sealed IS NOT NULL AS "isThere" FROM proof_keys ORDER BY created_at, id`,
      )
    ).map(({ isThere }) => isThere);

  it('lose their private part when they retire, also those that an older process has retired', async () => {
    const keys = keysOf(source(), k1);
    await keys.current(nobody);
    await keys.rotate('none', nobody);
    expect(await privateParts()).toEqual([false, true]);
    await source().query(`UPDATE proof_keys SET retired_at = now() WHERE retired_at IS NULL`);
    await keys.current(nobody);
    expect(await privateParts()).toEqual([false, true, true]);
    await keys.rotate('none', nobody);
    expect(await privateParts()).toEqual([false, false, false, true]);
    expect(await countKeyUses(source())).toEqual([{ keyId: 'k1', table: 'proof_keys', rows: 1 }]);
    const erasingCurrent = source().query(`UPDATE proof_keys SET private_key_sealed = NULL WHERE retired_at IS NULL`);
    await expect(erasingCurrent).rejects.toThrow('proof_keys_current_check');
  });

  it('stay retired where one could not be noted', async () => {
    const keys = keysOf(source(), k1);
    await keys.current(nobody);
    await expect(keys.rotate('all', () => Promise.reject(new Error('killed')))).rejects.toThrow('killed');
    expect(await privateParts()).toEqual([true]);
    expect(await keys.published()).toMatchObject([{ retiredAt: null, revokedAt: null }]);
  });

  it.each<[string, 'none' | 'current' | 'all' | number, { isRotated: boolean; revoked: number[] }]>([
    ['nothing', 'none', { isRotated: true, revoked: [] }],
    ['the one that signs', 'current', { isRotated: true, revoked: [2] }],
    ['all, but those that are revoked already', 'all', { isRotated: true, revoked: [1, 2] }],
    ['one that has retired', 1, { isRotated: false, revoked: [1] }],
    ['the one that signs, by its name', 2, { isRotated: true, revoked: [2] }],
    ['one that is revoked already', 0, { isRotated: false, revoked: [] }],
  ])('of three, the first revoked: revokes %s', async (_name, which, { isRotated, revoked }) => {
    const keys = keysOf(source(), k1);
    await keys.current(nobody);
    await keys.rotate('current', nobody);
    await keys.rotate('none', nobody);
    const before = await keys.published();
    const kids = before.map(({ kid }) => kid);
    const noted: object[] = [];
    const noting = (_tx: unknown, change: object) => Promise.resolve(void noted.push(change));
    const change = await keys.rotate(typeof which === 'number' ? { kid: kids[which] ?? '' } : which, noting);
    expect(change).toEqual({
      made: isRotated ? expect.any(String) : undefined,
      retired: isRotated ? kids[2] : undefined,
      revoked: revoked.map((i) => kids[i]),
    });
    expect(noted).toEqual(isRotated || revoked.length > 0 ? [change] : []);
    const after = await keys.published();
    expect(after.map(({ kid }) => kid)).toEqual(change.made ? [...kids, change.made] : kids);
    for (const [i, { revokedAt, retiredAt }] of before.entries()) {
      expect(after[i]?.revokedAt).toEqual(revoked.includes(i) ? expect.any(Date) : revokedAt);
      expect(after[i]?.retiredAt).toEqual(i === 2 && isRotated ? expect.any(Date) : retiredAt);
    }
  });

  it('are not revoked by a name that none has', async () => {
    const keys = keysOf(source(), k1);
    await keys.current(nobody);
    const before = await keys.published();
    await expect(keys.rotate({ kid: 'none' }, nobody)).rejects.toMatchObject({ code: 'proof_key_unknown' });
    expect(await keys.published()).toEqual(before);
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
