import { EVERYTHING } from '@app/scope';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { Merchants } from './merchants.js';

describe('the list of merchants', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let neighbour: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    platform = await world.platform({ hasTicket: false });
    neighbour = await world.platform({ hasTicket: false });
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, ineligible_reasons)
       SELECT gen_random_uuid(), $1, 'wx' || row_number() OVER (), state, reasons::text[]
       FROM unnest(ARRAY['authorized', 'unauthorized', 'reauthorization_required']) AS state,
         unnest(ARRAY['{}', '{not_verified}', '{permission_set_7_not_granted,account_frozen}']) AS reasons,
         generate_series(1, 5)`,
      [platform.id],
    );
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, ref)
       VALUES (gen_random_uuid(), $1, 'wx1', 'authorized', 'shop 7')`,
      [neighbour.id],
    );
  });
  afterAll(() => world.close());

  const list = async (filter: Partial<Parameters<Merchants['list']>[1]>) =>
    (await world.get(Merchants).list(EVERYTHING, { limit: 1_000, ...filter })).found;
  const ids = async (filter: Parameters<typeof list>[0]) => (await list(filter)).map(({ id }) => id);

  it('tells the eligible from the others', async () => {
    const all = await list({ platformId: platform.id });
    expect(all).toHaveLength(45);
    for (const isEligible of [true, false]) {
      const wanted = all.filter((merchant) => (merchant.ineligibleReasons.length === 0) === isEligible);
      expect(await ids({ platformId: platform.id, isEligible })).toEqual(wanted.map(({ id }) => id));
    }
  });

  it('keeps to the platform, the state and the ref that are asked for', async () => {
    expect(await list({ ref: 'shop 7' })).toMatchObject([{ platformId: neighbour.id, authorizerAppid: 'wx1' }]);
    expect(await list({ platformId: neighbour.id })).toHaveLength(1);
    expect(await list({ platformId: neighbour.id, state: 'unauthorized' })).toEqual([]);
    expect(await list({ platformId: neighbour.id, isEligible: false })).toEqual([]);
    expect(new Set((await list({ state: 'unauthorized' })).map(({ state }) => state))).toEqual(
      new Set(['unauthorized']),
    );
  });

  it('goes through all pages of a filtered list without leaving one out', async () => {
    const filter = { platformId: platform.id, isEligible: true };
    const wanted = await ids(filter);
    const seen: string[] = [];
    for (let page = await ids({ ...filter, limit: 4 }); page.length > 0;) {
      seen.push(...page);
      page = await ids({ ...filter, limit: 4, after: seen.at(-1) });
    }
    expect(seen).toEqual(wanted);
  });

  describe('searched for words', () => {
    let third: WorldPlatform;
    const FOUND = { nick: '老王小店', principal: '杭州 Alpha 商贸有限公司', ref: 'Shop_100%', userName: 'gh_0a1b2c' };

    beforeAll(async () => {
      third = await world.platform({ hasTicket: false });
      await world.sql(
        `INSERT INTO merchants (id, platform_id, authorizer_appid, state, nick_name, principal_name, ref, user_name)
         SELECT ('01a00000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'wxmany' || lpad(n::text, 6, '0'),
           CASE WHEN n % 2 = 0 THEN 'authorized' ELSE 'unauthorized' END, CASE WHEN n = 11000 THEN $2 END,
           CASE WHEN n = 11000 THEN $3 END, CASE WHEN n = 11000 THEN $4 END, CASE WHEN n = 11000 THEN $5 END
         FROM generate_series(1, 11000) AS n`,
        [third.id, ...Object.values(FOUND)],
      );
    });

    async function pages(words: string, filter: Partial<Parameters<Merchants['list']>[1]> = {}, scope = EVERYTHING) {
      const lengths: number[] = [];
      const appids: string[] = [];
      let after: string | undefined;
      do {
        const page = { words, platformId: third.id, limit: 50, ...filter, after };
        const { found, next } = await world.get(Merchants).list(scope, page);
        lengths.push(found.length);
        appids.push(...found.map(({ authorizerAppid }) => authorizerAppid));
        after = next?.id;
      } while (after);
      return { lengths, appids };
    }

    it.each(['王', '老王', '小店', 'alpha', 'ALPHA 商', 'shop_100%', '_100%', 'GH_0a', 'many011000'])(
      'has those with %s in a name, goes on while nothing is found, and ends',
      async (words) => {
        expect(await pages(words)).toEqual({ lengths: [0, 0, 1], appids: ['wxmany011000'] });
      },
    );

    it('takes no sign of a pattern for one', async () => {
      expect((await pages('Shop%')).appids).toEqual([]);
      expect((await pages('老_小')).appids).toEqual([]);
    });

    it('finds the merchant of a whole appid at once', async () => {
      expect(await pages('wxmany011000')).toEqual({ lengths: [1], appids: ['wxmany011000'] });
    });

    it('keeps to the other filters, and to the caller’s limits', async () => {
      expect((await pages('王', { state: 'unauthorized' })).appids).toEqual([]);
      expect(await pages('王', { state: 'authorized' })).toEqual({ lengths: [0, 1], appids: ['wxmany011000'] });
      expect((await pages('王', { ref: FOUND.ref })).lengths).toEqual([1]);
      const some = { platforms: null, merchants: ['wxmany011000', 'wxmany000001'] };
      expect(await pages('王', {}, some)).toEqual({ lengths: [1], appids: ['wxmany011000'] });
      expect((await pages('王', {}, { platforms: null, merchants: ['wxmany000001'] })).appids).toEqual([]);
      expect((await pages('wxmany011000', {}, { platforms: null, merchants: ['wxmany000001'] })).appids).toEqual([]);
      expect((await pages('王', {}, { platforms: [], merchants: null })).appids).toEqual([]);
    });

    it('has full pages where much is found', async () => {
      const { lengths, appids } = await pages('wxmany', { limit: 200 });
      expect(lengths.every((length, i) => length === 200 || i === lengths.length - 1)).toBe(true);
      expect(new Set(appids).size).toBe(11_000);
    });
  });
});
