import { EVERYTHING } from '@app/scope';
import { GrantRows } from '../merchants/grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { CallbackInbox } from '../callbacks/callback-inbox.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { Platforms } from '../platforms/platforms.js';
import { Reconciliation } from './reconciliation.js';

describe('reconciliation', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
  });
  afterEach(() => world.simulation.latencies.clear());

  const run = async () => world.get(Reconciliation).run(await world.get(Platforms).byId(platform.id), 'test');
  const now = ({ id }: Merchant) => world.get(Merchants).byId(id);
  const find = (appid: string) => world.get(Merchants).find(EVERYTHING, appid, platform.componentAppid);
  const atWechat = (appid: string) => {
    const grant = platform.simulated.grants.get(appid);
    if (!grant) throw new Error('no grant');
    return grant;
  };
  const refreshToken = async ({ id }: Merchant) => (await world.get(GrantRows).grant(id)).refreshToken;
  const unauthorized = (appid: string, seconds?: number) =>
    world
      .get(CallbackInbox)
      .receive(world.sealed(platform, { InfoType: 'unauthorized', AuthorizerAppid: appid }, seconds));
  const drift = () =>
    world.sql<{ data: object }>(`SELECT data FROM events WHERE platform_id = $1 AND type = 'platform.drift_found'`, [
      platform.id,
    ]);
  const later = (grant: { authorizedAt: number }) => (grant.authorizedAt += 5_000);
  const nothing = { added: 0, repaired: 0, readopted: 0, absentCount: 0, absent: [] };

  /** Those of whom no job reads the facts. */
  const unasked = (...merchants: Merchant[]) =>
    world.missingJobs(
      'merchant.read-facts',
      merchants.map(({ id }) => `merchant.read-facts-${id}`),
    );

  it('finds nothing where nothing was lost, and says when it looked', async () => {
    const merchant = await world.merchant(platform);
    expect(await run()).toEqual({ listed: 1, ...nothing });
    expect(await now(merchant)).toEqual(merchant);
    expect(await drift()).toEqual([]);
    expect((await world.get(Platforms).byId(platform.id)).reconciledAt).toBeInstanceOf(Date);
  });

  it('adds those whose events were all lost, over several pages, with a job each that reads their facts', async () => {
    const accounts = Array.from({ length: 1_001 }, () => world.account());
    for (const account of accounts) world.consent(platform, account, [1, 7]);
    const [first, second] = accounts;
    if (!first || !second) throw new Error('no accounts');
    // Another system of the provider's has exchanged this one's code.
    atWechat(first.appid).isExchanged = true;

    expect(await run()).toEqual({ listed: 1_001, ...nothing, added: 1_001 });
    expect(world.calls('api_get_authorizer_list', { component_appid: platform.componentAppid })).toBe(3);
    const added = await find(first.appid);
    expect(added).toMatchObject({
      state: 'authorized',
      grantedAt: new Date(Math.floor(atWechat(first.appid).authorizedAt / 1000) * 1000),
    });
    expect(await refreshToken(added)).toBe(atWechat(first.appid).refreshToken);
    expect((await world.get(AuthorizerTokens).current(added)).token).toMatch(/^\d\d_/);
    const blank = await find(second.appid);
    expect(await refreshToken(blank)).toBeUndefined();
    expect(await unasked(added, blank)).toEqual([]);
    expect(await drift()).toEqual([
      { data: { listed: 1_001, added: 1_001, repaired: 0, readopted: 0, absent_count: 0, absent: [] } },
    ]);
    expect(await run()).toEqual({ listed: 1_001, ...nothing });
  });

  it('repairs a blank refresh token, and an old one after an authorization that we heard nothing of', async () => {
    const blank = await world.merchant(platform);
    await world.sql(`UPDATE merchants SET refresh_token_sealed = NULL WHERE id = $1`, [blank.id]);
    const renewed = await world.merchant(platform);
    world.simulation.credentials.spoilGrant(atWechat(renewed.authorizerAppid), 'lose_refresh_token');
    later(atWechat(renewed.authorizerAppid));

    expect(await run()).toEqual({ listed: 2, ...nothing, repaired: 2 });
    for (const merchant of [blank, renewed]) {
      expect(await refreshToken(merchant)).toBe(atWechat(merchant.authorizerAppid).refreshToken);
      expect(await now(merchant)).toMatchObject({ state: 'authorized', grantVersion: 1 });
    }
  });

  it('reads anew what a merchant granted that authorized again without a new refresh token, and knows the time', async () => {
    const merchant = await world.merchant(platform);
    later(atWechat(merchant.authorizerAppid));
    expect(await run()).toEqual({ listed: 1, ...nothing });
    expect(await unasked(merchant)).toEqual([]);
    // Late news from before that authorization.
    await unauthorized(merchant.authorizerAppid, Math.floor(Date.now() / 1000) + 1);
    expect((await now(merchant)).state).toBe('authorized');
  });

  it('takes back in whom it thought gone, if the list tells of a newer authorization', async () => {
    const back = await world.merchant(platform);
    const gone = await world.merchant(platform);
    for (const { authorizerAppid } of [back, gone]) {
      await unauthorized(authorizerAppid, Math.floor(Date.now() / 1000) + 1);
    }
    later(atWechat(back.authorizerAppid));

    expect(await run()).toMatchObject({ listed: 2, readopted: 1 });
    expect(await now(back)).toMatchObject({ state: 'authorized', grantVersion: 3 });
    expect(await refreshToken(back)).toBe(atWechat(back.authorizerAppid).refreshToken);
    expect(await now(gone)).toMatchObject({ state: 'unauthorized' });
    // The event that took it away comes once more: it is older than what the list told.
    await unauthorized(back.authorizerAppid, Math.floor(Date.now() / 1000));
    expect((await now(back)).state).toBe('authorized');
  });

  it('takes back in a merchant that had to authorize again, if the list has another refresh token', async () => {
    const merchant = await world.merchant(platform);
    await world.get(GrantRows).learn(merchant.id, 1, 'reauthorization_required');
    expect(await run()).toEqual({ listed: 1, ...nothing });
    world.simulation.credentials.spoilGrant(atWechat(merchant.authorizerAppid), 'lose_refresh_token');
    expect(await run()).toEqual({ listed: 1, ...nothing, readopted: 1 });
    expect(await now(merchant)).toMatchObject({
      state: 'authorized',
      permissionSets: merchant.permissionSets,
      ineligibleReasons: [],
    });
  });

  it('reports who is absent from the list, takes nothing from them, and has each of them asked about', async () => {
    const merchant = await world.merchant(platform);
    world.simulation.authorizations.deauthorize(platform.simulated, merchant.authorizerAppid);
    expect(await run()).toEqual({ listed: 0, ...nothing, absentCount: 1, absent: [merchant.authorizerAppid] });
    expect(await now(merchant)).toEqual(merchant);
    expect(await unasked(merchant)).toEqual([]);
    expect(await drift()).toHaveLength(1);
  });

  it('does not undo what happens while the list is under way', async () => {
    const merchant = await world.merchant(platform);
    world.simulation.credentials.spoilGrant(atWechat(merchant.authorizerAppid), 'lose_refresh_token');
    later(atWechat(merchant.authorizerAppid));
    world.simulation.latencies.set('api_get_authorizer_list', { distribution: 'fixed', ms: 400 });
    const running = run();
    await unauthorized(merchant.authorizerAppid, Math.floor(Date.now() / 1000) + 1);
    expect(await running).toEqual({ listed: 1, ...nothing });
    expect((await now(merchant)).state).toBe('unauthorized');
  });

  it('may run several times at once', async () => {
    const account = world.account();
    world.consent(platform, account);
    const reports = await Promise.all([run(), run(), run()]);
    expect(reports.reduce((sum, { added }) => sum + added, 0)).toBe(1);
    expect(await find(account.appid)).toMatchObject({ grantVersion: 1 });
  });

  it('of one platform leaves the merchants of another alone', async () => {
    const elsewhere = await world.platform();
    const account = world.account();
    const there = await world.merchant(elsewhere, account);
    world.consent(platform, account);
    expect(await run()).toEqual({ listed: 1, ...nothing, added: 1 });
    expect(await now(there)).toEqual(there);
  });
});
