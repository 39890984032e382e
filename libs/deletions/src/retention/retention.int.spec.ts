import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import type { Merchant } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { connect, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { deletionStates, type DeletionState, type Proof } from '../deletion/states.js';
import { targetColumns, targetKey, type Target } from '../deletion/target.js';
import { DeletionTallies } from '../overview/deletion-tallies.js';
import { Proofs, type ProofRecord } from '../proofs/proofs.js';
import { GoneMessages } from '../gone/gone-messages.js';
import { goneOneByOne, type Wish } from '../gone/gone-by.fixture.js';
import { Retention } from './retention.js';

const DAYS = { deletions: 100, rejections: 50 };

let desk: DeletionsDesk;
let proofs: Proofs;
let merchants: Merchant[];

beforeAll(async () => {
  desk = await DeletionsDesk.open();
  proofs = new Proofs(desk.dataSource, desk.deletionViews, desk.takedowns);
});
afterAll(() => desk.close());

/** Two of one account, over two platforms, and one of another account. */
beforeEach(newMerchants);
async function newMerchants(): Promise<void> {
  merchants = [await desk.aMerchant(), await desk.aMerchant(), await desk.aMerchant()];
  await desk.sql(`UPDATE merchants SET authorizer_appid = $2 WHERE id = $1`, [
    merchants[1]?.id,
    merchants[0]?.authorizerAppid,
  ]);
}

/** As a worker that has just started. */
const aWorker = (days = DAYS, source = desk.dataSource) => new Retention(source, days);
const forget = (days = DAYS) => aWorker(days).forgetOld();

interface Row {
  id: string;
  merchantId: string;
  target: Target;
  state: DeletionState;
  proof: Proof;
  daysAgo: number;
  takedownId: string | null;
}

let lastSecond = 0;

/** With a call. @returns false where another one of the same target is open */
async function put({ id, merchantId, target, state, proof, daysAgo, takedownId }: Row): Promise<boolean> {
  const { msgId, articleIdx, url } = targetColumns(target);
  const [made] = await desk.sql(
    `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, proof, ready_at, request_id,
       takedown_id, created_at, finished_at)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, now(), 'test', $9, at - interval '1 min', CASE WHEN $10 THEN at END
     FROM (SELECT now() - $11 * interval '1 day' - $12 * interval '1 s' AS at) AS ended
     ON CONFLICT (merchant_id, target_key) WHERE finished_at IS NULL DO NOTHING RETURNING id`,
    [
      id,
      merchantId,
      msgId,
      articleIdx,
      url,
      targetKey(target),
      state,
      proof,
      takedownId,
      hasEnded(state),
      daysAgo,
      ++lastSecond,
    ],
  );
  if (!made) return false;
  await desk.sql(
    `INSERT INTO deletion_attempts (id, deletion_id, operation, outcome, errcode, started_at, finished_at)
     VALUES ($1, $2, 'mass/delete', 'accepted', 0, now() - $3 * interval '1 day', now() - $3 * interval '1 day')`,
    [uuidv7(), id, daysAgo],
  );
  return true;
}

const hasEnded = (state: DeletionState) => ['succeeded', 'failed', 'cancelled'].includes(state);
const article = (msgId: number, articleIdx: number): Target => ({ msgId: BigInt(msgId), articleIdx });
const address = (number: number): Target => ({ url: `https://mp.weixin.qq.com/s/retention-${number}-x` });

async function one(target: Target, state: DeletionState = 'succeeded', more: Partial<Row> = {}): Promise<string> {
  const id = uuidv7();
  const row = { id, merchantId: merchants[0]?.id ?? '', target, state, daysAgo: 150, takedownId: null, ...more };
  expect(await put({ proof: state === 'succeeded' ? 'acknowledged' : 'none', ...row })).toBe(true);
  return id;
}

async function aTakedown(daysAgo: number | null, askedDaysAgo = daysAgo ?? 0): Promise<string> {
  const id = uuidv7({ msecs: Date.now() - askedDaysAgo * 24 * 3_600_000 });
  await desk.sql(
    `INSERT INTO takedowns (id, state, is_urgent, requested_by, request_id, created_at, finished_at)
     VALUES ($1, $2, false, $3, 'test', now() - $4 * interval '1 day', now() - $5 * interval '1 day')`,
    [id, daysAgo === null ? 'running' : 'finished', randomUUID(), askedDaysAgo, daysAgo],
  );
  return id;
}
const link = (takedownId: string, deletionId: string, wasDeleted = true) =>
  desk.sql(`INSERT INTO takedown_links (takedown_id, deletion_id, was_deleted) VALUES ($1, $2, $3)`, [
    takedownId,
    deletionId,
    wasDeleted,
  ]);
const reject = (takedownId: string, lines = 1) =>
  desk.sql(
    `INSERT INTO takedown_rejections (takedown_id, line, code, detail, excerpt)
     SELECT $1, n, 'msg_id_invalid', '', '' FROM generate_series(1, $2::int) AS n`,
    [takedownId, lines],
  );
const countOf = async (from: string, parameters: unknown[] = []) =>
  (await desk.sql<{ count: number }>(`SELECT count(*)::int FROM ${from}`, parameters))[0]?.count;
const idsIn = async (table: string, ids: string[], column = 'id') =>
  (await desk.sql<{ id: string }>(`SELECT ${column} AS id FROM ${table} WHERE ${column} = ANY($1)`, [ids]))
    .map(({ id }) => id)
    .sort();

/** A takedown that has finished is settled. */
const settle = () => desk.takedowns.settleEnded();

async function proofOf(takedownId: string): Promise<ProofRecord[]> {
  const records: ProofRecord[] = [];
  for await (const record of await proofs.ofTakedown(EVERYTHING, takedownId, new Date(0))) records.push(record);
  return records;
}

describe('what is kept, and what stays known', () => {
  interface World {
    messages: { articles: number | null; daysAgo: number }[];
    takedowns: { daysAgo: number | null }[];
    deletions: {
      merchant: number;
      target: Target;
      state: DeletionState;
      proof: Proof;
      isOld: boolean;
      takedown: number | undefined;
      links: number[];
    }[];
  }

  const MESSAGES = 3;
  const msgIds = Array.from({ length: MESSAGES }, (_one, i) => 8_000_000_001 + i);
  const targets: Target[] = [
    ...msgIds.flatMap((msgId) => [0, 1, 2, 3].map((idx) => article(msgId, idx))),
    ...[1, 2].map(address),
  ];
  const takedownNumber = fc.integer({ min: 0, max: 4 });
  const worlds: fc.Arbitrary<World> = fc.record({
    messages: fc.array(fc.record({ articles: fc.constantFrom(null, 1, 2, 3), daysAgo: fc.constantFrom(40, 90, 160) }), {
      minLength: MESSAGES,
      maxLength: MESSAGES,
    }),
    takedowns: fc.array(fc.record({ daysAgo: fc.constantFrom(null, 60, 120, 140) }), { minLength: 5, maxLength: 5 }),
    deletions: fc.array(
      fc.record({
        merchant: fc.integer({ min: 0, max: 2 }),
        target: fc.constantFrom(...targets),
        // What succeeded is of most interest.
        state: fc.constantFrom(...deletionStates, 'succeeded', 'succeeded', 'succeeded'),
        proof: fc.constantFrom<Proof[]>('acknowledged', 'verified', 'inferred'),
        isOld: fc.boolean(),
        takedown: fc.option(takedownNumber, { nil: undefined, freq: 2 }),
        links: fc.uniqueArray(takedownNumber, { maxLength: 2 }),
      }),
      { minLength: 20, maxLength: 60 },
    ),
  });

  /** By which deletions all targets are gone, for callers who may know of all and of the first platform. */
  async function knowledge(): Promise<(string | null)[][]> {
    const wishes = merchants.flatMap(({ id: merchantId }) =>
      targets.flatMap((target): Wish[] => [
        { merchantId, target },
        ...('url' in target ? [] : [{ merchantId, target, askedUrl: 'https://mp.weixin.qq.com/s/retention-1-x' }]),
      ]),
    );
    const [platform] = await desk.sql<{ appid: string }>(
      `SELECT pl.component_appid AS appid FROM platforms pl JOIN merchants m ON m.platform_id = pl.id WHERE m.id = $1`,
      [merchants[0]?.id],
    );
    const limited: Scope = { platforms: [platform?.appid ?? ''], merchants: null };
    const scopes = [EVERYTHING, limited];
    const oneByOne = await Promise.all(scopes.map((scope) => goneOneByOne(desk.dataSource, wishes, scope)));
    const numbers = [0, 1, 2, 3];
    const url = 'https://mp.weixin.qq.com/s/retention-1-x';
    const articles = numbers.slice(1).map((articleIdx) => ({ articleIdx, url: articleIdx === 1 ? url : null }));
    const messages = merchants.flatMap(({ id: merchantId }) =>
      msgIds.map((msgId) => ({ merchantId, msgId: String(msgId), articles })),
    );
    const ofPages = await Promise.all(scopes.map((scope) => new GoneMessages(desk.dataSource).among(messages, scope)));
    const ofMessages = ofPages.map((page) => page.flatMap((goneBy) => numbers.map((idx) => goneBy(idx)?.id ?? null)));
    return [...oneByOne, ...ofMessages];
  }

  it('follows one plain rule, whatever there is', async () => {
    let knownTargets = 0;
    let gone = 0;
    const property = fc.asyncProperty(worlds, async (world) => {
      await newMerchants();
      for (const [i, { articles, daysAgo }] of world.messages.entries()) {
        await desk.sql(
          `INSERT INTO mass_messages (merchant_id, msg_id, status, finished_at, article_count)
           VALUES ($1, $2, 'send success', now() - $3 * interval '1 day', $4)`,
          [merchants[0]?.id, msgIds[i], daysAgo, articles],
        );
      }
      const takedowns: { id: string; daysAgo: number | null }[] = [];
      for (const { daysAgo } of world.takedowns) takedowns.push({ id: await aTakedown(daysAgo), daysAgo });
      const deletions: (Row & { linkedBy: string[] })[] = [];
      for (const { merchant, takedown, isOld, links, state, proof, ...rest } of world.deletions) {
        const row: Row = {
          ...rest,
          id: uuidv7(),
          merchantId: merchants[merchant]?.id ?? '',
          state,
          proof: state === 'succeeded' ? proof : 'none',
          daysAgo: isOld ? 150 : 70,
          takedownId: takedown === undefined ? null : (takedowns[takedown]?.id ?? null),
        };
        if (!(await put(row))) continue;
        const linkedBy = links.filter((number) => number !== takedown).map((number) => takedowns[number]?.id ?? '');
        for (const id of linkedBy) await link(id, row.id, state === 'succeeded');
        deletions.push({ ...row, linkedBy });
      }
      for (const { id } of takedowns) await reject(id);
      await settle();
      const before = await knowledge();

      // The rule.
      const isUnderWay = (id: string) =>
        deletions.some((one) => !hasEnded(one.state) && (one.takedownId === id || one.linkedBy.includes(id)));
      const takedownGoes = (id: string | null) =>
        id === null || takedowns.some((one) => one.id === id && (one.daysAgo ?? 0) > DAYS.deletions && !isUnderWay(id));
      const deletionGoes = ({ state, daysAgo, takedownId, linkedBy }: (typeof deletions)[number]) =>
        hasEnded(state) && daysAgo > DAYS.deletions && takedownGoes(takedownId) && linkedBy.every(takedownGoes);

      const keptTakedowns = takedowns.map(({ id }) => id).filter((id) => !takedownGoes(id));
      const proven = await Promise.all(keptTakedowns.map(proofOf));
      // Two workers, and one that comes later.
      await Promise.all([aWorker().forgetOld(), aWorker().forgetOld()]);
      await forget();

      expect(await knowledge()).toEqual(before);
      const ids = deletions.map(({ id }) => id);
      const kept = deletions.filter((deletion) => !deletionGoes(deletion)).map(({ id }) => id);
      const pruned = deletions.filter((deletion) => deletionGoes(deletion) && deletion.state === 'succeeded');
      expect(await idsIn('deletions', ids)).toEqual(kept.toSorted());
      expect(await idsIn('deletion_attempts', ids, 'deletion_id')).toEqual(kept.toSorted());
      expect(await idsIn('gone_targets', ids)).toEqual(pruned.map(({ id }) => id).toSorted());
      const takedownIds = takedowns.map(({ id }) => id);
      expect(await idsIn('takedowns', takedownIds)).toEqual(keptTakedowns.toSorted());
      expect(await countOf('takedown_links WHERE takedown_id = ANY($1)', [takedownIds])).toBe(
        deletions.flatMap(({ linkedBy }) => linkedBy).filter((id) => !takedownGoes(id)).length,
      );
      expect(await Promise.all(keptTakedowns.map(proofOf))).toEqual(proven);
      const rejected = takedowns.filter(({ daysAgo }) => (daysAgo ?? 0) < DAYS.rejections).map(({ id }) => id);
      expect(await idsIn('takedown_rejections', takedownIds, 'takedown_id')).toEqual(rejected.toSorted());
      knownTargets += before.flat().filter((id) => id !== null).length;
      gone += pruned.length;
    });
    await fc.assert(property, { numRuns: 15, endOnFailure: true });
    // Otherwise all of this would say nothing.
    expect(knownTargets).toBeGreaterThan(0);
    expect(gone).toBeGreaterThan(0);
  });

  it('is everything where the settings say 0', async () => {
    const takedownId = await aTakedown(5_000);
    const ids = [await one(article(1, 1), 'succeeded', { daysAgo: 5_000 }), await one(article(1, 2), 'failed')];
    await reject(takedownId);
    await settle();
    await forget({ deletions: 0, rejections: 0 });
    expect(await idsIn('deletions', ids)).toHaveLength(2);
    expect(await countOf('takedown_rejections WHERE takedown_id = $1', [takedownId])).toBe(1);
    // Then rejections stay for as long as their takedown.
    await forget({ ...DAYS, rejections: 0 });
    expect(await countOf('takedown_rejections WHERE takedown_id = $1', [takedownId])).toBe(0);
    expect(await countOf('takedowns WHERE id = $1', [takedownId])).toBe(0);
  });

  it('is what a takedown did not accept for a time of its own, and its count for longer', async () => {
    const [old, young] = [await aTakedown(60), await aTakedown(60, 40)];
    for (const id of [old, young]) await reject(id, 1_500);
    await desk.sql(`UPDATE takedowns SET rejected = 1500 WHERE id = $1`, [old]);
    await settle();
    await forget();
    expect(await desk.takedowns.rejections(old, 10)).toEqual([]);
    expect(await desk.takedowns.rejections(young, 10)).toHaveLength(10);
    expect(await desk.takedowns.get(EVERYTHING, old)).toMatchObject({ rejected: 1_500 });
  });
});

describe('a takedown that goes', () => {
  it('is seen by nobody from the first step on, and its deletions stay until its last', async () => {
    const takedownId = await aTakedown(140);
    const id = await one(article(2, 1), 'failed', { takedownId });
    await settle();
    await desk.sql(`UPDATE takedowns SET forgotten_at = now() WHERE id = $1`, [takedownId]);
    await expect(desk.takedowns.get(EVERYTHING, takedownId)).rejects.toMatchObject({ code: 'takedown_not_found' });
    expect((await desk.takedowns.list(EVERYTHING, { limit: 100 })).map((view) => view.id)).not.toContain(takedownId);
    expect(await idsIn('deletions', [id])).toEqual([id]);
    await forget();
    expect(await idsIn('deletions', [id])).toEqual([]);
    expect(await countOf('takedowns WHERE id = $1', [takedownId])).toBe(0);
  });

  it('leaves a proof that is just being read without an end', async () => {
    const takedownId = await aTakedown(140);
    await one(article(3, 1), 'succeeded', { takedownId });
    await settle();
    const records = await proofs.ofTakedown(EVERYTHING, takedownId, new Date(0));
    expect((await records.next()).value).toMatchObject({ type: 'header' });
    await forget();
    const rest = async () => {
      for await (const record of records) expect(record.type).not.toBe('trailer');
    };
    await expect(rest()).rejects.toMatchObject({ code: 'takedown_not_found' });
  });

  it('goes in steps, however much hangs on it', async () => {
    const takedownId = await aTakedown(140);
    await desk.sql(
      `INSERT INTO takedown_links (takedown_id, deletion_id, was_deleted)
       SELECT $1, gen_random_uuid(), true FROM generate_series(1, 12000)`,
      [takedownId],
    );
    await settle();
    await forget();
    expect(await countOf('takedown_links WHERE takedown_id = $1', [takedownId])).toBe(2_000);
    await expect(desk.takedowns.get(EVERYTHING, takedownId)).rejects.toMatchObject({ code: 'takedown_not_found' });
    await forget();
    expect(await countOf('takedowns WHERE id = $1', [takedownId])).toBe(0);
  });
});

describe('a deletion', () => {
  it('is passed over while it has to stay, also by those behind it, and goes later', async () => {
    const keeping = await aTakedown(null);
    const many = 2_500;
    await desk.sql(
      `WITH made AS (
         INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id, created_at,
           finished_at)
         SELECT gen_random_uuid(), $1, n, 1, 'msg:' || n || ':1', 'failed', now(), 'test', now() - interval '200 days',
           now() - interval '200 days' FROM generate_series(1, $3::int) AS n RETURNING id
       ) INSERT INTO takedown_links (takedown_id, deletion_id) SELECT $2, id FROM made`,
      [merchants[0]?.id, keeping, many],
    );
    const behind = await one(article(4, 1), 'failed');
    await forget();
    expect(await idsIn('deletions', [behind])).toEqual([]);
    expect(await countOf('deletions WHERE merchant_id = $1', [merchants[0]?.id])).toBe(many);
    await desk.sql(`DELETE FROM takedown_links WHERE takedown_id = $1`, [keeping]);
    await forget();
    expect(await countOf('deletions WHERE merchant_id = $1', [merchants[0]?.id])).toBe(0);
  });

  it('is taken by one of several workers that come at once', async () => {
    const count = 6_000;
    await desk.sql(
      `WITH made AS (
         INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id, created_at,
           finished_at)
         SELECT gen_random_uuid(), $1, n, 1, 'msg:' || n || ':1', 'succeeded', now(), 'test',
           now() - interval '200 days', now() - n * interval '1 ms' - interval '200 days'
         FROM generate_series(1, $2::int) AS n RETURNING id
       ) INSERT INTO deletion_attempts (id, deletion_id, operation) SELECT gen_random_uuid(), id, 'mass/delete' FROM made`,
      [merchants[0]?.id, count],
    );
    const others = await Promise.all([connect(desk.database), connect(desk.database)]);
    await Promise.all([desk.dataSource, ...others].map((source) => aWorker(DAYS, source).forgetOld()));
    await Promise.all(others.map((source) => source.destroy()));
    await forget();
    expect(await countOf('deletions WHERE merchant_id = $1', [merchants[0]?.id])).toBe(0);
    expect(await countOf('gone_targets WHERE merchant_id = $1', [merchants[0]?.id])).toBe(count);
    expect(
      await countOf('deletion_attempts a WHERE NOT EXISTS (SELECT 1 FROM deletions WHERE id = a.deletion_id)'),
    ).toBe(0);
  });

  it('stays until it is tallied, so that no counter misses it', async () => {
    const tallies = new DeletionTallies(desk.dataSource);
    const total = async () =>
      Number((await desk.sql<{ sum: string }>(`SELECT sum(count) FROM deletion_totals`))[0]?.sum);
    const [mark] = await desk.sql<{ until: Date }>(`SELECT tallied_until AS until FROM deletion_tally_marks`);
    await desk.sql(`UPDATE deletion_tally_marks SET tallied_until = now() - interval '106 days'`);
    const [before, count] = [await total(), 6];
    for (let i = 0; i < count; i++) await one(article(5, i), 'failed', { daysAgo: 100.5 + i });
    // A day at a time.
    for (let day = 0; day < 8; day++) {
      const sofar = await total();
      await forget();
      expect(await total()).toBe(sofar);
      await tallies.keep();
    }
    await forget();
    expect(await total()).toBe(before + count);
    expect(await countOf('deletions WHERE merchant_id = $1', [merchants[0]?.id])).toBe(0);
    await desk.sql(`UPDATE deletion_tally_marks SET tallied_until = $1`, [mark?.until]);
  });

  it('is in no export of its period any more, nor in one that is under way', async () => {
    await desk.sql(`UPDATE deletion_tally_marks SET pruned_until = NULL`);
    await one(article(6, 1), 'failed');
    const at = (daysAgo: number) => new Date(Date.now() - daysAgo * 24 * 3_600_000);
    const reader = { scope: EVERYTHING, apiKeyId: randomUUID(), requestId: 'test' };
    const within: Scope = { platforms: null, merchants: [merchants[0]?.authorizerAppid ?? ''] };
    const exportOf = (from: Date) => proofs.ofPeriod(reader, within, { from, to: at(140) }, new Date());
    const whole = async (records: AsyncGenerator<ProofRecord>) => {
      const types: string[] = [];
      for await (const { type } of records) types.push(type);
      return types;
    };
    expect(await whole(await exportOf(at(160)))).toEqual(['header', 'deletion', 'trailer']);
    const underWay = await exportOf(at(160));
    expect((await underWay.next()).value).toMatchObject({ type: 'header', subject: 'period' });
    await forget();
    await expect(whole(underWay)).rejects.toMatchObject({ code: 'period_not_kept' });
    const refusal = await exportOf(at(160)).catch((error: unknown) => error as { keptSince: Date });
    expect(refusal).toMatchObject({ code: 'period_not_kept', keptSince: expect.any(Date) });
    const { keptSince } = refusal as { keptSince: Date };
    expect(keptSince.getTime()).toBeLessThan(at(149).getTime());
    expect(await whole(await exportOf(keptSince))).toEqual(['header', 'trailer']);
  });

  it('is late while more is left than one look takes, and not while it has to stay', async () => {
    const DAY_MS = 24 * 3_600_000;
    const worker = aWorker();
    await worker.forgetOld();
    expect(await worker.lateMs()).toEqual({ deletions: 0, takedown_rejections: 0 });
    await desk.sql(
      `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, proof, ready_at, request_id,
         created_at, finished_at)
       SELECT gen_random_uuid(), $1, n, 1, 'late ' || n, 'failed', 'none', now(), 'test', at, at
       FROM generate_series(1, 10001) AS n,
         LATERAL (SELECT now() - interval '130 days' - n * interval '1 ms' AS at) AS ended`,
      [merchants[0]?.id],
    );
    await worker.forgetOld();
    const { deletions } = await worker.lateMs();
    expect(Math.round(deletions / DAY_MS)).toBe(30);
    await worker.forgetOld();
    expect(await worker.lateMs()).toMatchObject({ deletions: 0 });
  });

  it('that is pruned while it is looked at is found in one place or the other', async () => {
    const id = await one(address(9), 'succeeded', { proof: 'inferred' });
    const looking = async () => {
      const seen = [];
      for (let i = 0; i < 20; i++) {
        seen.push((await desk.deletionViews.get(EVERYTHING, id)).state);
        await readProof();
      }
      return seen;
    };
    /** Its calls are there, or it says that they are not; and where it cannot tell, it has no end. */
    const readProof = async () => {
      try {
        for await (const record of await proofs.ofDeletion(EVERYTHING, id, new Date(0))) {
          if (record.type !== 'deletion') continue;
          expect(record.calls).toHaveLength(record.proof_note?.includes('retention') ? 0 : 1);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'deletion_not_found' });
      }
    };
    const [seen] = await Promise.all([looking(), forget()]);
    expect(new Set(seen)).toEqual(new Set(['succeeded']));
    expect(await desk.deletionViews.get(EVERYTHING, id)).toMatchObject({
      id,
      isPruned: true,
      state: 'succeeded',
      proof: 'inferred',
      msgId: null,
      articleIdx: null,
      url: 'https://mp.weixin.qq.com/s/retention-9-x',
      requestedBy: null,
      metadata: {},
    });
    expect(await desk.deletionViews.attempts(EVERYTHING, id)).toEqual([]);
  });
});
