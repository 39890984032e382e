import { EVERYTHING, type Scope } from '@app/scope';
import { MerchantsWorld } from '../../../../test/support/merchants-world.js';
import { MassMessages, type MessageKey } from './mass-messages.js';

const APPID = 'wxsearched';
/** More than the index lists for one page. */
const OLD_AND_MANY = 10_001;
const NEWEST = 700;
const MERCHANT = '01a00000-0000-7000-8000-000000000001';
const LONG = (mid: number) => `https://mp.weixin.qq.com/s?__biz=MzA3&mid=${mid}&idx=1&sn=abcdef0123456789`;

const at = (hour: number) => new Date(Date.UTC(2026, 10, 29, hour));

describe('the search among mass messages', () => {
  let world: MerchantsWorld;
  const limited: Scope = { platforms: null, merchants: [APPID] };

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    const platform = await world.platform({ hasTicket: false });
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state) VALUES ($1, $2, $3, 'authorized')`,
      [MERCHANT, platform.id, APPID],
    );
    await world.sql(
      `WITH message AS (
         INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, label, title)
         SELECT $1::uuid, 3000000000 + n, 'imported', true, CASE WHEN n = 1 THEN 'Spring_Sale' END,
           CASE WHEN n = 2 THEN '周年庆典' END
         FROM generate_series(1, 6000) AS n RETURNING merchant_id, msg_id)
       INSERT INTO mass_message_articles (merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, source)
       SELECT merchant_id, msg_id, 1, CASE msg_id WHEN 3000000003 THEN 'https://mp.weixin.qq.com/s/Short-Name_3'
           ELSE replace($2, 'MID', msg_id::text) END, CASE msg_id WHEN 3000000004 THEN '春节放假通知' END,
         msg_id::text, 1, 'abcdef0123456789', CASE msg_id WHEN 3000000003 THEN 'Short-Name_3' END, 'import'
       FROM message`,
      [MERCHANT, LONG(0).replace('mid=0', 'mid=MID')],
    );
    // Older than all others, so that nothing but the index finds them with the first page.
    await world.sql(
      `INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, label, title)
       SELECT $1, 1000000000 + n, 'imported', n <> 11, label, title FROM (VALUES
         (1, '冬季清仓大促销', NULL), (2, '清仓ＡＢ', NULL), (3, NULL, '清'), (4, '50% off_Black Friday', NULL),
         (5, '5% & !:*', NULL), (6, 'a_b \\ it''s', NULL), (7, '🎉🎊👨‍👩‍👧', NULL), (8, NULL, '草莓'),
         (9, 'xabacx', NULL), (10, 'abcac bacab', NULL), (11, NULL, '草率')) AS old (n, title, label)`,
      [MERCHANT],
    );
    await world.sql(`INSERT INTO import_limits (id, merchants) VALUES ('own', $1), ('others', $2)`, [
      [APPID],
      ['wxother'],
    ]);
    await world.sql(
      `INSERT INTO limited_imports (limits_id, merchant_id, msg_id, label, title)
       VALUES ('own', $1, 2000000001, '租户标签', '租户标题'), ('others', $1, 2000000002, '别人标签', '别人标题')`,
      [MERCHANT],
    );
    await world.sql(
      `INSERT INTO limited_import_articles (limits_id, merchant_id, msg_id, article_idx, url, title)
       VALUES ('own', $1, 2000000001, 1, 'https://example.com/own', '租户文章'),
         ('others', $1, 2000000002, 1, 'https://example.com/others', '别人文章')`,
      [MERCHANT],
    );
  });
  afterAll(() => world.close());

  async function search(words: string, scope = EVERYTHING, filter: { label?: string } = {}, limit = 50) {
    const found: string[] = [];
    let pages = 0;
    let after: { msgId: string; merchantId: string } | undefined;
    do {
      const page = await world.get(MassMessages).list(scope, { words, limit, ...filter, after });
      found.push(...page.found.map(({ msgId }) => msgId));
      after = page.next;
      pages++;
    } while (after);
    return { found, pages };
  }

  it.each([
    ['spring_', '3000000001'],
    ['庆', '3000000002'],
    ['周年', '3000000002'],
    ['年庆典', '3000000002'],
    ['放假', '3000000004'],
  ])('finds %s in a label or a title, however old, with one page', async (words, msgId) => {
    expect(await search(words)).toEqual({ found: [msgId], pages: 1 });
    expect(await search(words, limited)).toEqual({ found: [msgId], pages: 2 });
  });

  it.each([
    ['short-name', '3000000003'],
    ['00005999', '3000005999'],
  ])('finds %s in an address or a msg_id, page by page', async (words, msgId) => {
    expect(await search(words)).toEqual({ found: [msgId], pages: 13 });
    expect(await search(words, limited)).toEqual({ found: [msgId], pages: 2 });
  });

  it.each([
    ['清', ['1', '2', '3']],
    ['清仓', ['1', '2']],
    ['清仓大', ['1']],
    ['仓大促', ['1']],
    ['清促', []],
    ['仓清仓', []],
    ['ＡＢ', ['2']],
    ['Black Friday', ['4']],
    ['bLaCk fRiDaY', ['4']],
    ['black  friday', []],
    ['ck Fr', ['4']],
    ['50%', ['4']],
    ['%', ['4', '5']],
    ['5%', ['5']],
    ['_', ['4', '6']],
    ['a_b', ['6']],
    ['aab', []],
    ['\\', ['6']],
    ["it's", ['6']],
    ["'", ['6']],
    ['🎉', ['7']],
    ['🎉🎊', ['7']],
    ['🎊🎉', []],
    ['👨‍👩‍👧', ['7']],
    ['&', ['5']],
    ['!', ['5']],
    [':*', ['5']],
    ["' & '", []],
    ['草莓', ['8']],
    ['别的', []],
  ])('finds exactly the old messages that have %j', async (words, expected) => {
    const old = async (scope: Scope) =>
      (await search(words, scope, {}, 500)).found.flatMap((msgId) => (msgId < '2' ? msgId.replace(/^10+/, '') : []));
    expect(await old(EVERYTHING)).toEqual(expected.toReversed());
    // It finds as much in addresses, too.
    expect(await old(limited)).toEqual(expected.toReversed());
  });

  it('finds words where their pairs stand, and nothing that has the pairs alone', async () => {
    // Each has all pairs of ABAC.
    expect((await search('XABACX')).found).toEqual(['1000000009']);
    expect((await search('ABAC')).found).toEqual(['1000000009']);
    expect((await search('BACAB')).found).toEqual(['1000000010']);
  });

  it('finds what a message is called now, and no more what it was called', async () => {
    const rename = (title: string) =>
      world.sql(`UPDATE mass_messages SET title = $1 WHERE msg_id = 3000000005`, [title]);
    await rename('从前的名字');
    expect((await search('前的名')).found).toEqual(['3000000005']);
    await rename('现在的名字');
    expect((await search('前的名')).found).toEqual([]);
    expect((await search('在的名')).found).toEqual(['3000000005']);
  });

  it('finds a label that counts for nobody with no key', async () => {
    expect((await search('草率')).found).toEqual([]);
  });

  it.each([['3000000007'], [LONG(3_000_000_007)], [`${LONG(3_000_000_007)}&chksm=1#rd`]])(
    'finds %s at once, and nothing else',
    async (words) => {
      expect(await search(words)).toEqual({ found: ['3000000007'], pages: 1 });
      expect(await search(words, limited)).toEqual({ found: ['3000000007'], pages: 1 });
    },
  );

  it('finds each of the many messages with one msg_id, and those of a filter alone', async () => {
    const platform = await world.platform({ hasTicket: false });
    await world.sql(
      `WITH merchant AS (
         INSERT INTO merchants (id, platform_id, authorizer_appid, state)
         SELECT gen_random_uuid(), $1, 'wxsame' || n, 'authorized' FROM generate_series(1, 600) AS n
         RETURNING id, authorizer_appid)
       INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, label)
       SELECT id, 4000000001, 'imported', true, authorizer_appid FROM merchant`,
      [platform.id],
    );
    expect((await search('4000000001')).found).toHaveLength(600);
    for (const n of [1, 300, 600]) {
      const own = { found: ['4000000001'], pages: 1 };
      expect(await search('4000000001', { platforms: null, merchants: [`wxsame${n}`] })).toEqual(own);
      expect(await search('4000000001', EVERYTHING, { label: `wxsame${n}` })).toEqual(own);
    }
  });

  it('finds a short address at once', async () => {
    expect(await search('https://mp.weixin.qq.com/s/Short-Name_3')).toEqual({ found: ['3000000003'], pages: 1 });
  });

  it('shows what a key with limits imported to keys within these limits alone', async () => {
    for (const words of ['租户标签', '租户标题', '租户文章', 'com/own', '2000000001']) {
      expect([words, (await search(words, limited)).found]).toEqual([words, ['2000000001']]);
      expect([words, (await search(words)).found]).toEqual([words, []]);
    }
    for (const words of ['别人标签', '别人标题', '别人文章', 'com/others', '2000000002']) {
      expect([words, (await search(words, limited)).found]).toEqual([words, []]);
    }
    expect((await search('庆', { platforms: null, merchants: ['wxother'] })).found).toEqual([]);
  });

  it('keeps to the other filters', async () => {
    expect(await search('3000', EVERYTHING, { label: 'Spring_Sale' })).toEqual({ found: ['3000000001'], pages: 1 });
    expect((await search('庆', EVERYTHING, { label: 'Spring_Sale' })).found).toEqual([]);
  });

  it('goes page by page through words that very many messages have, or most of the newest', async () => {
    await world.sql(
      `INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, title)
       SELECT $1, CASE WHEN n <= $2 THEN 1500000000 ELSE 5000000000 END + n, 'imported', true,
         CASE WHEN n <= $2 THEN 'old and many' ELSE 'newest of all' END
       FROM generate_series(1, $2 + $3::int) AS n`,
      [MERCHANT, OLD_AND_MANY, NEWEST],
    );
    for (const [words, count] of [
      ['and many', OLD_AND_MANY],
      ['newest', NEWEST],
    ] as const) {
      const { found } = await search(words, EVERYTHING, {}, 500);
      expect([words, found.length]).toEqual([words, count]);
      expect(found).toEqual([...new Set(found)].sort().reverse());
    }
  });

  describe('by time', () => {
    const owner = '01a00000-0000-7000-8000-000000000002';
    const ofOwner: Scope = { platforms: null, merchants: ['wxtimed'] };

    beforeAll(async () => {
      const platform = await world.platform({ hasTicket: false });
      await world.sql(
        `INSERT INTO merchants (id, platform_id, authorizer_appid, state) VALUES ($1, $2, 'wxtimed', 'authorized')`,
        [owner, platform.id],
      );
      // The higher the msg_id, the earlier it was sent; three at the same moment, which a Date cannot tell exactly.
      await world.sql(
        `INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, finished_at, label)
         SELECT $1::uuid, 5000000000 + n, 'send success', true,
           CASE WHEN n < 4 THEN $2::timestamptz + interval '1 microsecond' WHEN n < 9 THEN $2 - n * interval '1 hour' END,
           CASE n WHEN 5 THEN 'five' END
         FROM generate_series(1, 9) AS n`,
        [owner, at(20)],
      );
      await world.sql(`INSERT INTO import_limits (id, merchants) VALUES ('timed', '{wxtimed}')`);
      // One that is known otherwise, and one that is not.
      await world.sql(
        `INSERT INTO limited_imports (limits_id, merchant_id, msg_id, sent_at)
         VALUES ('timed', $1, 5000000004, $2), ('timed', $1, 5000000010, $2)`,
        [owner, at(19)],
      );
    });

    async function sent(filter: object, scope = EVERYTHING, limit = 50) {
      const found: number[] = [];
      let after: MessageKey | undefined;
      do {
        const page = await world.get(MassMessages).list(scope, { limit, merchantId: owner, ...filter, after });
        found.push(...page.found.map(({ msgId }) => Number(msgId) - 5_000_000_000));
        after = page.next;
      } while (after);
      return found;
    }

    it('has those that were sent last first, from a moment on, and before one', async () => {
      expect(await sent({ sentAfter: at(14) })).toEqual([3, 2, 1, 4, 5, 6]);
      expect(await sent({ sentBefore: at(14) })).toEqual([7, 8]);
      expect(await sent({ sentAfter: at(14), sentBefore: at(16) })).toEqual([5, 6]);
      expect(await sent({ sentAfter: at(14), label: 'five' })).toEqual([5]);
      expect(await sent({ sentAfter: at(14), words: '50000' })).toEqual([3, 2, 1, 4, 5, 6]);
      expect(await sent({ sentAfter: at(14), words: '5000000007' })).toEqual([]);
    });

    it('loses none where a page ends among those of one moment', async () => {
      for (const limit of [1, 2, 4]) expect(await sent({ sentAfter: at(0) }, EVERYTHING, limit)).toEqual(ALL);
    });

    it('goes by the time that is shown of what a key with limits imported', async () => {
      for (const limit of [1, 50]) expect(await sent({ sentAfter: at(18) }, ofOwner, limit)).toEqual([3, 2, 1, 10]);
      expect(await sent({ sentAfter: at(18) })).toEqual([3, 2, 1]);
    });
  });

  describe('of a few merchants', () => {
    let few: Scope;

    beforeAll(async () => {
      const [platform, other] = [
        await world.platform({ hasTicket: false }),
        await world.platform({ hasTicket: false }),
      ];
      few = { platforms: [platform.componentAppid], merchants: null };
      await world.sql(
        `INSERT INTO merchants (id, platform_id, authorizer_appid, state)
         SELECT uuidv7(), CASE WHEN n <= 30 THEN $1::uuid ELSE $2 END, 'wxfew' || n, 'authorized' FROM generate_series(1, 40) AS n`,
        [platform.id, other.id],
      );
      // The same numbers and moments with several merchants; most are of one, and some have none.
      await world.sql(
        `INSERT INTO mass_messages (merchant_id, msg_id, status, import_counts, finished_at, label)
         SELECT m.id, n, 'send success', true, CASE WHEN n % 7 > 0 THEN $1::timestamptz - n % 60 * interval '1 hour' END,
           CASE WHEN n % 3 = 0 THEN 'third' END
         FROM generate_series(1, 400) AS n JOIN merchants m ON m.authorizer_appid IN ('wxfew' || n % 25, 'wxfew' || 35)
           OR n > 200 AND m.authorizer_appid = 'wxfew1'`,
        [at(20)],
      );
      // Within the limits of a key for both, and within those of two keys.
      await world.sql(`INSERT INTO import_limits (id, platforms) VALUES ('both', $1), ('few', $2)`, [
        [platform.componentAppid, other.componentAppid],
        few.platforms,
      ]);
      await world.sql(
        `INSERT INTO limited_imports (limits_id, merchant_id, msg_id, sent_at, label)
         SELECT l.id, m.id, n, $1::timestamptz - n % 50 * interval '1 hour', CASE WHEN n % 3 = 0 THEN 'third' END
         FROM generate_series(300, 500) AS n JOIN import_limits l ON l.id = 'both' OR l.id = 'few' AND n % 2 = 0
         JOIN merchants m ON m.authorizer_appid = 'wxfew' || n % 40`,
        [at(21)],
      );
    });

    it.each([
      [{}, `TRUE`, 'msg_id DESC, merchant_id DESC'],
      [{ label: 'third' }, `msg_id % 3 = 0`, 'msg_id DESC, merchant_id DESC'],
      [{ words: 'third' }, `msg_id % 3 = 0`, 'msg_id DESC, merchant_id DESC'],
      [{ sentAfter: at(0) }, `sent_at >= '${at(0).toISOString()}'`, 'sent_at DESC, msg_id DESC, merchant_id DESC'],
      [{ sentBefore: at(9) }, `sent_at < '${at(9).toISOString()}'`, 'sent_at DESC, msg_id DESC, merchant_id DESC'],
    ])('has all of them, and no other, in order, with %j', async (filter, condition, order) => {
      const expected = await world.sql<{ msg_id: string; merchant_id: string }>(
        `SELECT merchant_id, msg_id FROM (
           SELECT merchant_id, msg_id, COALESCE(max(k.finished_at), max(i.sent_at)) AS sent_at
           FROM mass_messages k FULL JOIN limited_imports i USING (merchant_id, msg_id) GROUP BY 1, 2) AS k
         JOIN merchants m ON m.id = merchant_id JOIN platforms p ON p.id = m.platform_id
         WHERE p.component_appid = $1 AND ${condition} ORDER BY ${order}`,
        [...(few.platforms ?? [])],
      );
      expect(expected.length).toBeGreaterThan(50);
      for (const limit of [3, 40, 200]) {
        const found: { msg_id: string; merchant_id: string }[] = [];
        let after: MessageKey | undefined;
        do {
          const page = await world.get(MassMessages).list(few, { limit, ...filter, after });
          found.push(...page.found.map(({ msgId, merchantId }) => ({ msg_id: msgId, merchant_id: merchantId })));
          after = page.next;
        } while (after);
        expect(found).toEqual(expected.map(({ msg_id, merchant_id }) => ({ msg_id, merchant_id })));
      }
    });
  });
});

const ALL = [3, 2, 1, 4, 5, 6, 7, 8];
