import { MerchantsWorld, type WorldPlatform } from '../../../test/support/merchants-world.js';
import { ineligibleReasons } from './eligibility.js';
import { Merchants } from './merchants.js';

describe('the list of merchants', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let neighbour: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    platform = await world.platform({ hasTicket: false });
    neighbour = await world.platform({ hasTicket: false });
    // Every combination of facts that eligibility looks at.
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets, is_mini_program, service_type,
         verify_type, account_status)
       SELECT gen_random_uuid(), $1, 'wx' || row_number() OVER (), state, sets::integer[], is_mini, service, verify, status
       FROM unnest(ARRAY['authorized', 'unauthorized', 'reauthorization_required']) AS state,
         unnest(ARRAY['{}', '{1,7}', '{1,2}', '{17,77}']) AS sets,
         unnest(ARRAY[NULL, true, false]) AS is_mini, unnest(ARRAY[NULL, 0, 2, 4]) AS service,
         unnest(ARRAY[NULL, -1, 0, 1, 3, 4]) AS verify, unnest(ARRAY[NULL, 1, 14]) AS status`,
      [platform.id],
    );
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets, ref)
       VALUES (gen_random_uuid(), $1, 'wx1', 'authorized', '{7}', 'shop 7')`,
      [neighbour.id],
    );
  });
  afterAll(() => world.close());

  const list = (filter: Partial<Parameters<Merchants['list']>[0]>) =>
    world.get(Merchants).list({ limit: 10_000, ...filter });

  it('tells the eligible from the others as ineligibleReasons does', async () => {
    const all = await list({ platformId: platform.id });
    expect(all).toHaveLength(3 * 4 * 3 * 4 * 6 * 3);
    const [eligible, ineligible] = [true, false].map((wanted) =>
      all.filter((merchant) => (ineligibleReasons(merchant).length === 0) === wanted).map(({ id }) => id),
    );
    expect(eligible).not.toEqual([]);
    const idsOf = async (isEligible: boolean) =>
      (await list({ platformId: platform.id, isEligible })).map(({ id }) => id);
    expect(await idsOf(true)).toEqual(eligible);
    expect(await idsOf(false)).toEqual(ineligible);
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
    const wanted = (await list(filter)).map(({ id }) => id);
    const seen: string[] = [];
    for (let page = await list({ ...filter, limit: 7 }); page.length > 0;) {
      seen.push(...page.map(({ id }) => id));
      page = await list({ ...filter, limit: 7, after: seen.at(-1) });
    }
    expect(seen).toEqual(wanted);
  });
});
