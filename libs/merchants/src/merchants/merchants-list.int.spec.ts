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
});
