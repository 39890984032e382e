import { GrantRows } from './grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { CallbackInbox } from '../callbacks/callback-inbox.js';
import { ineligibleReasons } from './eligibility.js';
import { GrantExchange } from '../grants/grant-exchange.js';
import type { Merchant } from './merchant.entity.js';
import type { GrantLesson } from './lessons.js';
import { Merchants } from './merchants.js';
import { Platforms } from '../platforms/platforms.js';

describe('the eligibility of a merchant', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let merchant: Merchant;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
    merchant = await world.merchant(platform);
  });

  const now = () => world.get(Merchants).byId(merchant.id);
  const account = () => {
    const found = world.simulation.world.merchants.get(merchant.authorizerAppid);
    if (!found) throw new Error('no account');
    return found;
  };
  const learn = (lesson: GrantLesson, version = 1) => world.get(GrantRows).learn(merchant.id, version, lesson);
  const refresh = () => world.get(GrantExchange).refreshFacts(merchant.id);
  const authorizeAgain = async (sets?: number[]) =>
    world
      .get(GrantExchange)
      .exchange(await world.get(Platforms).byId(platform.id), { code: world.consent(platform, account(), sets) });
  const events = () =>
    world.sql<{ type: string; data: object }>(`SELECT type, data FROM events WHERE merchant_id = $1 ORDER BY id`, [
      merchant.id,
    ]);
  const changed = (reasons: string[], previous_reasons: string[]) => ({
    type: 'merchant.eligibility_changed',
    data: { eligible: reasons.length === 0, reasons, previous_reasons },
  });
  const granted = (permission_sets: number[]) => ({
    type: 'merchant.authorized',
    data: { source: 'code', permission_sets },
  });
  const ALL_SETS = [1, 2, 3, 6, 7, 11, 15];

  it('is stored with the grant, and a sound one is no news beyond the grant', async () => {
    expect(merchant.ineligibleReasons).toEqual([]);
    expect(await events()).toEqual([granted(ALL_SETS)]);
  });

  it('follows a grant without set 7, and one with it', async () => {
    expect((await authorizeAgain([1])).ineligibleReasons).toEqual(['permission_set_7_not_granted']);
    expect((await authorizeAgain([1, 7])).ineligibleReasons).toEqual([]);
    expect((await events()).slice(1)).toEqual([
      granted([1]),
      changed(['permission_set_7_not_granted'], []),
      granted([1, 7]),
      changed([], ['permission_set_7_not_granted']),
    ]);
  });

  it('follows account facts and permission sets that are read anew', async () => {
    account().verifyType = -1;
    Object.assign(platform.simulated.grants.get(merchant.authorizerAppid) ?? {}, { permissionSets: [1] });
    await refresh();
    const reasons = ['permission_set_7_not_granted', 'not_verified'];
    expect(await now()).toMatchObject({ permissionSets: [1], verifyType: -1, ineligibleReasons: reasons });
    await refresh();
    expect((await events()).slice(1)).toEqual([changed(reasons, [])]);
  });

  it('keeps the permission sets when an answer leaves them out', async () => {
    Object.assign(platform.simulated.grants.get(merchant.authorizerAppid) ?? {}, { permissionSets: [] });
    await refresh();
    expect((await now()).permissionSets).toEqual(ALL_SETS);
  });

  it.each<[GrantLesson, string[]]>([
    ['not_verified', ['not_verified']],
    ['account_frozen', ['account_frozen']],
    ['permission_set_7_not_granted', ['permission_set_7_not_granted']],
  ])('learns %s from an answer although the facts say otherwise, until they are read anew', async (lesson, reasons) => {
    await learn(lesson);
    expect(await now()).toMatchObject({ state: 'authorized', verifyType: 0, ineligibleReasons: reasons });
    expect(ineligibleReasons(await now())).toEqual(reasons);
    await refresh();
    expect((await now()).ineligibleReasons).toEqual([]);
    expect((await events()).slice(1)).toEqual([changed(reasons, []), changed([], reasons)]);
  });

  it('forgets with a new grant what an answer taught', async () => {
    await learn('not_verified');
    expect(await authorizeAgain()).toMatchObject({ deniedReason: null, ineligibleReasons: [] });
  });

  it.each<GrantLesson>(['not_verified', 'unauthorized', 'permission_set_7_not_granted'])(
    'learns nothing (%s) from an answer to an older grant',
    async (lesson) => {
      const again = await authorizeAgain();
      await learn(lesson, 1);
      expect(await now()).toEqual(again);
    },
  );

  it('is not touched by facts that were asked for under an older grant', async () => {
    world.simulation.latencies.set('api_get_authorizer_info', { distribution: 'fixed', ms: 300 });
    account().verifyType = -1;
    const reading = refresh();
    account().verifyType = 0;
    await world.sql(`UPDATE merchants SET grant_version = 2 WHERE id = $1`, [merchant.id]);
    await reading;
    world.simulation.latencies.clear();
    expect((await now()).verifyType).toBe(0);
  });

  it('ends with the event that takes the authorization back, told once however often it comes', async () => {
    for (const seconds of [0, 1]) {
      const at = Math.floor(Date.now() / 1000) + 1 + seconds;
      const push = world.sealed(platform, { InfoType: 'unauthorized', AuthorizerAppid: merchant.authorizerAppid }, at);
      await world.get(CallbackInbox).receive(push);
    }
    expect((await now()).ineligibleReasons).toEqual(['unauthorized']);
    expect((await events()).slice(1)).toEqual([
      { type: 'merchant.unauthorized', data: { source: 'event' } },
      changed(['unauthorized'], []),
    ]);
  });

  it('ends when reading the facts shows that the authorization is gone, without an event of WeChat', async () => {
    world.simulation.authorizations.deauthorize(platform.simulated, merchant.authorizerAppid);
    await expect(refresh()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await now()).toMatchObject({ state: 'unauthorized', ineligibleReasons: ['unauthorized'] });
    expect((await events()).slice(1)).toEqual([
      { type: 'merchant.unauthorized', data: { source: 'answer' } },
      changed(['unauthorized'], []),
    ]);
  });

  it('of another merchant stays as it is', async () => {
    const neighbour = await world.merchant(platform);
    await learn('unauthorized');
    expect(await world.get(Merchants).byId(neighbour.id)).toEqual(neighbour);
  });

  it('is asked about anew a day after the facts were read, each time by one process', async () => {
    const take = () => world.get(Merchants).claimForFacts(1000);
    await world.sql(`UPDATE merchants SET facts_asked_at = now()`);
    const age = (ours: string) => world.sql(`UPDATE merchants SET ${ours} WHERE id = $1`, [merchant.id]);
    await age(`facts_asked_at = NULL`);
    expect(await take()).toEqual([]);
    await age(`facts_read_at = now() - interval '24 hours 1 second'`);
    const taken = await Promise.all([take(), take(), take()]);
    expect(taken.flat()).toEqual([merchant.id]);
    await age(`facts_asked_at = now() - interval '61 minutes'`);
    expect(await take()).toEqual([merchant.id]);
  });
});
