import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource, type QueryRunner } from 'typeorm';
import { DatabaseModule } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { SettingsModule } from '@app/settings';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../test/support/database.js';
import { eventually } from '../../../test/support/eventually.js';
import { Events, EventsModule, FeedCursorExpired, FeedCursorInvalid, insertEvents, type FeedFilter } from './index.js';

const platform = { id: '0199e0f1-0000-7000-8000-000000000001', componentAppid: 'wxplatform' };
const merchant = { id: '0199e0f1-0000-7000-8000-000000000002', authorizerAppid: 'wxmerchant' };
/** Events of many rows, without what these are not about. */
const OF_PLATFORM = {
  platformId: `'${platform.id}'::uuid`,
  componentAppid: `'${platform.componentAppid}'`,
  merchantId: 'NULL',
  authorizerAppid: 'NULL',
  deletionId: 'NULL',
  takedownId: 'NULL',
};

describe('the events feed', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let events: Events;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const secrets = new SecretBox([{ id: 'test', key: Buffer.alloc(32) }]);
    const options = { url: database.url, applicationName: 'test', secrets };
    app = await Test.createTestingModule({
      imports: [SettingsModule.of(DatabaseModule.settings(options)), DatabaseModule, EventsModule],
    }).compile();
    events = app.get(Events);
    dataSource = app.get(DataSource);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const append = (about: { takedownId?: string; merchant?: typeof merchant } = {}, sql = dataSource.manager) =>
    events.append(sql, { type: 'platform.resumed', platform, data: {}, ...about });
  const openTransaction = async (): Promise<QueryRunner> => {
    const transaction = dataSource.createQueryRunner();
    await transaction.startTransaction();
    return transaction;
  };
  /** Pages to the end until so many were found: transactions of other databases on the server hold the feed up, too. */
  const readOn = async (cursor: string | undefined, filter: Partial<FeedFilter>, wanted: number) => {
    const read: Awaited<ReturnType<Events['after']>>['events'] = [];
    let next = cursor;
    const page = async () => {
      const found = await events.after(next, { limit: 100, ...filter });
      read.push(...found.events);
      next = found.next;
      return read.length;
    };
    await eventually(page, (count) => count >= wanted);
    await page();
    return { read, next };
  };

  it('skips nothing that commits late: what came after it waits for it', async () => {
    const cursor = await events.latest();
    const [early, late, middle] = [randomUUID(), randomUUID(), randomUUID()];
    const slow = await openTransaction();
    await append({ takedownId: late }, slow.manager);
    await append({ takedownId: early });
    const held = await events.after(cursor, { limit: 100 });
    expect(held.events).toEqual([]);
    await append({ takedownId: middle });
    await slow.commitTransaction();
    await slow.release();

    // Whoever read in between, and whoever did not, see the same.
    const orderOf = (read: { takedownId: string | null }[]) => read.map(({ takedownId }) => takedownId);
    expect(orderOf((await readOn(held.next, {}, 3)).read)).toEqual([late, early, middle]);
    expect(orderOf((await readOn(cursor, {}, 3)).read)).toEqual([late, early, middle]);
  });

  it('goes on when a slow transaction is rolled back', async () => {
    const cursor = await events.latest();
    const slow = await openTransaction();
    await append({}, slow.manager);
    const takedownId = randomUUID();
    await append({ takedownId });
    await slow.rollbackTransaction();
    await slow.release();
    expect((await readOn(cursor, {}, 1)).read).toMatchObject([{ takedownId }]);
  });

  it('shows every event once and in one order to readers of any page size, while many write at once', async () => {
    const cursor = await events.latest();
    const takedownId = randomUUID();
    const write = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        await dataSource.transaction(async (tx) => {
          await append({ takedownId }, tx);
          await append({ takedownId }, tx);
        });
      }
    };
    const readers = [1, 7, 100].map((limit) => readOn(cursor, { takedownId, limit }, 80));
    await Promise.all([write(10), write(10), write(10), write(10)]);
    const [first, ...others] = (await Promise.all(readers)).map(({ read }) => read.map(({ id }) => id));
    expect(first).toHaveLength(80);
    expect(new Set(first).size).toBe(80);
    for (const other of others) expect(other).toEqual(first);
  });

  it('tells an event with the appids and the cursor of its own place', async () => {
    const cursor = await events.latest();
    await append();
    await append();
    const { read } = await readOn(cursor, {}, 2);
    expect(read[0]).toMatchObject({
      type: 'platform.resumed',
      componentAppid: 'wxplatform',
      authorizerAppid: null,
      merchantId: null,
      data: {},
    });
    expect((await events.after(read[0]?.cursor, { limit: 1 })).events).toEqual([read[1]]);
  });

  it('keeps to a takedown, a merchant, types, and what its reader may see', async () => {
    const cursor = await events.latest();
    const takedownId = randomUUID();
    await append({ takedownId, merchant });
    await append({ takedownId: randomUUID(), merchant: { id: randomUUID(), authorizerAppid: 'wxelse' } });
    await events.append(dataSource.manager, { type: 'webhook.disabled', data: { id: takedownId, reason: 'gone' } });
    await readOn(cursor, {}, 3);
    const found = async (filter: Partial<FeedFilter>) => (await events.after(cursor, { limit: 9, ...filter })).events;
    expect(await found({ takedownId })).toMatchObject([{ takedownId }]);
    expect(await found({ merchant: 'wxmerchant' })).toMatchObject([{ authorizerAppid: 'wxmerchant' }]);
    expect(await found({ types: ['webhook.disabled'] })).toMatchObject([
      { platformId: null, data: { reason: 'gone' } },
    ]);
    expect(await found({ types: [] })).toEqual([]);
    expect(await found({ types: ['webhook.disabled', 'platform.resumed'] })).toHaveLength(3);
    const seenBy = (platforms: string[] | null, merchants: string[] | null) =>
      found({ scope: { platforms, merchants } });
    expect(await seenBy(null, null)).toHaveLength(3);
    expect(await seenBy(['wxplatform'], null)).toHaveLength(2);
    expect(await seenBy(['wxplatform'], ['wxmerchant'])).toMatchObject([{ merchantId: merchant.id }]);
    expect(await seenBy(['wxother'], null)).toEqual([]);
    expect(await seenBy(null, ['wxother'])).toEqual([]);

    const asked = await events.latest();
    const scope = { platforms: ['wxplatform'], merchants: ['wxmerchant', 'wxother'] };
    await events.append(dataSource.manager, { type: 'takedown.created', takedownId, scope, data: { counts: {} } });
    await readOn(asked, {}, 1);
    const hears = async (platforms: string[] | null, merchants: string[] | null) =>
      (await events.after(asked, { limit: 9, scope: { platforms, merchants } })).events.length === 1;
    expect(await hears(null, null)).toBe(true);
    expect(await hears(['wxplatform', 'wxelse'], null)).toBe(true);
    expect(await hears(['wxplatform'], ['wxmerchant', 'wxother', 'wxelse'])).toBe(true);
    expect(await hears(null, ['wxmerchant'])).toBe(false);
    expect(await hears(['wxelse'], null)).toBe(false);
  });

  it('reads a bounded number of events for a page, and goes on behind those that do not match', async () => {
    const cursor = await events.latest();
    const takedownId = randomUUID();
    await dataSource.query(
      insertEvents({ ...OF_PLATFORM, type: `'platform.resumed'`, data: `'{}'::jsonb` }, 'generate_series(1, 10000)'),
    );
    const late = { id: randomUUID(), authorizerAppid: 'wxlate' };
    await append({ takedownId, merchant: late });
    await eventually(
      async () => (await events.after(cursor, { takedownId, limit: 1 })).events.length,
      (count) => count === 1,
    );
    const first = await events.after(cursor, { merchant: 'wxlate', limit: 5 });
    expect(first).toMatchObject({ events: [], hasMore: true });
    const second = await events.after(first.next, { merchant: 'wxlate', limit: 5 });
    expect(second).toMatchObject({ events: [{ takedownId }], hasMore: false });
    expect((await events.after(second.next, { limit: 5 })).events).toEqual([]);
  });

  it('finds what is of a rare type behind any number of others, and several types in the order of all', async () => {
    const cursor = await events.latest();
    const many = (type: string, count: number) =>
      dataSource.query(
        insertEvents({ ...OF_PLATFORM, type: `'${type}'`, data: `'{}'::jsonb` }, `generate_series(1, ${count})`),
      );
    await many('platform.resumed', 3);
    await many('deletion.succeeded', 10_001);
    await many('platform.held', 2);
    await many('platform.resumed', 3);
    const { read } = await readOn(cursor, { limit: 20_000 }, 10_009);
    const of = (types: string[]) => read.filter(({ type }) => types.includes(type)).map(({ id }) => id);
    for (const types of [['platform.held'], ['platform.resumed', 'platform.held', 'merchant.authorized']] as const) {
      const page = await events.after(cursor, { types, limit: 50 });
      expect([page.events.map(({ id }) => id), page.hasMore]).toEqual([of([...types]), false]);
      const seen: string[] = [];
      for (let place: string | undefined = cursor, hasMore = true; hasMore;) {
        const some = await events.after(place, { types, limit: 2 });
        seen.push(...some.events.map(({ id }) => id));
        [place, hasMore] = [some.next, some.hasMore];
      }
      expect(seen).toEqual(of([...types]));
    }
    const types = ['deletion.succeeded', 'platform.held'] as const;
    const both = await events.after(cursor, { types, limit: 20_000 });
    expect(both.events.map(({ id }) => id)).toEqual(of([...types]));
  });

  it('starts anew from a cursor of a database whose transactions are ahead, and takes in its events', async () => {
    const cursor = await events.latest();
    const takedownId = randomUUID();
    await append({ takedownId });
    await readOn(cursor, { takedownId }, 1);
    const ahead = '900000000000000';
    await dataSource.query(`UPDATE events SET txid = $2 WHERE takedown_id = $1`, [takedownId, ahead]);
    const read = () => events.after(`${ahead}.1`, { takedownId, limit: 5 });
    expect((await read()).events).toEqual([]);
    await events.adoptRestored();
    const [found] = await eventually(
      async () => (await read()).events,
      ({ length }) => length === 1,
    );
    expect(found).toMatchObject({ takedownId });
    expect(BigInt(found?.cursor.split('.')[0] ?? ahead)).toBeLessThan(BigInt(ahead));
  });

  it('takes events that one statement writes in bulk, each with an id of its own, in order of time', async () => {
    const cursor = await events.latest();
    const before = Date.now();
    await dataSource.query(
      insertEvents(
        {
          ...OF_PLATFORM,
          type: `'deletion.failed'`,
          deletionId: 'gen_random_uuid()',
          data: `jsonb_build_object('attempts', n)`,
        },
        'generate_series(1, 50) n',
      ),
    );
    const { read } = await readOn(cursor, {}, 50);
    expect(read.map(({ data }) => data.attempts)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const ids = read.map(({ id }) => id);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Math.abs(parseInt(id.replace('-', '').slice(0, 12), 16) - before)).toBeLessThan(60_000);
    }
  });

  it('forgets what is older than a month, and nothing else', async () => {
    await append();
    const month = 31 * 24 * 3_600_000;
    const count = async () => Number((await dataSource.query('SELECT count(*) FROM events'))[0].count);
    const kept = await count();
    const { read } = await readOn(undefined, {}, kept);
    const all = read.at(-1)?.cursor ?? '';
    await events.forgetOld(30, all);
    expect(await count()).toBe(kept);
    for (let round = 0; round < 3; round++) await events.forgetOld(30, all, new Date(Date.now() + month));
    expect(await count()).toBe(0);
  });

  describe('that was forgotten in part', () => {
    const WEEK_MS = 7 * 86_400_000;
    const inAMonth = () => new Date(Date.now() + 31 * 86_400_000);
    /** Three events, of which the first two are old. */
    const threeRead = async () => {
      const begin = await events.latest();
      for (let n = 0; n < 3; n++) await append();
      const { read } = await readOn(begin, {}, 3);
      return read as [(typeof read)[0], (typeof read)[0], (typeof read)[0]];
    };
    const answerTo = (cursor: string) =>
      events.requireKept(cursor).then(
        () => 'kept',
        (error: unknown) => error,
      );

    it('tells a reader who comes back from before that, and nobody else', async () => {
      const [first, second, third] = await threeRead();
      for (const { cursor } of [first, second, third]) expect(await answerTo(cursor)).toBe('kept');
      await events.forgetOld(30, second.cursor, inAMonth());
      expect(await answerTo(first.cursor)).toBeInstanceOf(FeedCursorExpired);
      expect(await answerTo('0.0')).toBeInstanceOf(FeedCursorExpired);
      for (const { cursor } of [second, third]) expect(await answerTo(cursor)).toBe('kept');
      expect(await answerTo(await events.latest())).toBe('kept');
      await expect(events.requireKept('yesterday')).rejects.toThrow(FeedCursorInvalid);
    });

    it('keeps what somebody has yet to read, however old, and all while their place is from ahead', async () => {
      const [first, second, third] = await threeRead();
      const left = async () =>
        (await dataSource.query('SELECT id FROM events ORDER BY txid, seq')).map(({ id }: { id: string }) => id);
      await events.forgetOld(30, first.cursor, inAMonth());
      expect(await left()).toEqual([second.id, third.id]);
      await events.forgetOld(30, `${10n ** 17n}.0`, inAMonth());
      expect(await left()).toEqual([second.id, third.id]);
      expect(await events.oldestAt()).toEqual(second.createdAt);
    });

    it('is caught up with after a stand-still, more than a statement deletes', async () => {
      const at = `(extract(epoch FROM now()) * 1000 - ${5 * WEEK_MS} + n)::bigint`;
      await dataSource.query(
        `INSERT INTO events (id, type, data) SELECT (lpad(to_hex(${at}), 12, '0') || '7000' || lpad(to_hex(n), 16, '0'))::uuid,
           'platform.resumed', '{}' FROM generate_series(1, 2500) n`,
      );
      await append();
      const { read } = await readOn(undefined, { limit: 1_000 }, 2_501);
      await events.forgetOld(30, read.at(-1)?.cursor ?? '');
      const [{ count }] = await dataSource.query('SELECT count(*)::int AS count FROM events');
      expect(count).toBe(read.length - 2_500);
    });

    it('takes no cursor for old after a restore into another server', async () => {
      const [first, second] = await threeRead();
      await dataSource.query(`UPDATE forgotten_events SET txid = 10::numeric ^ 17, seq = 5`);
      // Also before the sweep has seen it.
      expect(await answerTo(first.cursor)).toBe('kept');
      await events.adoptRestored();
      expect(await dataSource.query('SELECT txid, seq FROM forgotten_events')).toEqual([{ txid: '0', seq: '0' }]);
      await events.forgetOld(30, second.cursor, inAMonth());
      expect(await answerTo(first.cursor)).toBeInstanceOf(FeedCursorExpired);
    });
  });

  it('refuses a cursor that it never gave', async () => {
    await expect(events.after('yesterday', { limit: 1 })).rejects.toThrow(FeedCursorInvalid);
  });

  it('tells what happened to one merchant, newest first, page by page', async () => {
    const one = { id: randomUUID(), authorizerAppid: 'wxone' };
    const tell = (type: 'merchant.authorized' | 'deletion.failed', about = one) =>
      events.append(dataSource.manager, { type, platform, merchant: about, data: {} } as never);
    for (const type of ['merchant.authorized', 'deletion.failed', 'deletion.failed'] as const) await tell(type);
    await tell('merchant.authorized', { ...one, id: randomUUID() });
    const page = async (before?: string, types?: ['merchant.authorized']) => {
      const { events: found, next } = await events.ofMerchant(EVERYTHING, one.id, { before, types, limit: 2 });
      return { types: found.map(({ type }) => type), next };
    };
    const first = await page();
    expect(first.types).toEqual(['deletion.failed', 'deletion.failed']);
    expect(await page(first.next ?? undefined)).toEqual({ types: ['merchant.authorized'], next: null });
    expect(await page(undefined, ['merchant.authorized'])).toEqual({ types: ['merchant.authorized'], next: null });
    expect(await page(randomUUID().replace(/^.{8}/, '00000000'))).toEqual({ types: [], next: null });
  });
});
