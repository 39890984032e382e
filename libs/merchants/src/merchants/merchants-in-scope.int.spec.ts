import { EVERYTHING, type Scope } from '@app/scope';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { CallbackLog } from '../callbacks/callback-log.js';
import type { Merchant } from './merchant.entity.js';
import { Merchants } from './merchants.js';
import { Platforms } from '../platforms/platforms.js';

describe('a scope', () => {
  let world: MerchantsWorld;
  let mine: WorldPlatform;
  let theirs: WorldPlatform;
  let me: Merchant;
  let sibling: Merchant;
  let stranger: Merchant;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    mine = await world.platform();
    theirs = await world.platform();
    const account = world.account();
    me = await world.merchant(mine, account);
    sibling = await world.merchant(mine);
    // The same account at another platform is another tenant.
    stranger = await world.merchant(theirs, account);
  });
  afterAll(() => world.close());

  const onPlatform = (): Scope => ({ platforms: [mine.componentAppid], merchants: null });
  const onMerchant = (): Scope => ({ platforms: null, merchants: [sibling.authorizerAppid] });
  const onBoth = (): Scope => ({ platforms: [mine.componentAppid], merchants: [me.authorizerAppid] });
  const nowhere: Scope = { platforms: ['wxffffffffffffffff'], merchants: null };

  it.each([
    ['everything', () => EVERYTHING, () => [me, sibling, stranger]],
    ['a platform', onPlatform, () => [me, sibling]],
    ['a merchant', onMerchant, () => [sibling]],
    ['a merchant of a platform', onBoth, () => [me]],
    ['what is not there', () => nowhere, () => []],
  ])('of %s has these merchants and no others', async (_name, scope, wanted) => {
    const { found: listed } = await world.get(Merchants).list(scope(), { limit: 1_000 });
    expect(listed.map(({ id }) => id).sort()).toEqual(
      wanted()
        .map(({ id }) => id)
        .sort(),
    );
    for (const [merchant, platform] of [
      [me, mine],
      [sibling, mine],
      [stranger, theirs],
    ] as const) {
      const found = world.get(Merchants).find(scope(), merchant.authorizerAppid, platform.componentAppid);
      if (wanted().includes(merchant)) expect((await found).id).toBe(merchant.id);
      else
        await expect(found).rejects.toMatchObject({ code: expect.stringMatching(/^(merchant|platform)_not_found$/) });
    }
  });

  it.each([
    ['everything', () => EVERYTHING, () => [mine, theirs]],
    ['a platform', onPlatform, () => [mine]],
    ['a merchant', onMerchant, () => [mine]],
    ['what is not there', () => nowhere, () => []],
  ])('of %s sees these platforms and no others', async (_name, scope, wanted) => {
    const listed = await world.get(Platforms).list(scope());
    expect(listed.map(({ id }) => id).sort()).toEqual(
      wanted()
        .map(({ id }) => id)
        .sort(),
    );
    for (const platform of [mine, theirs]) {
      const found = world.get(Platforms).get(scope(), platform.componentAppid);
      if (wanted().includes(platform)) expect((await found).id).toBe(platform.id);
      else await expect(found).rejects.toMatchObject({ code: 'platform_not_found' });
    }
  });

  it('need not name the platform where the account has authorized others beyond it', async () => {
    const found = await world.get(Merchants).find(onPlatform(), me.authorizerAppid);
    expect(found.id).toBe(me.id);
    await expect(world.get(Merchants).find(EVERYTHING, me.authorizerAppid)).rejects.toMatchObject({
      code: 'platform_required',
    });
  });

  it('says about what is beyond it what it says about what is not there', async () => {
    const appid = stranger.authorizerAppid;
    const beyond = world.get(Merchants).find(onMerchant(), appid);
    const missing = world.get(Merchants).find(onMerchant(), 'wxffffffffffffffff');
    const [about, aboutNothing] = await Promise.allSettled([beyond, missing]);
    const told = (outcome: PromiseSettledResult<unknown>) =>
      outcome.status === 'rejected' && outcome.reason instanceof Error ? outcome.reason.message : '';
    expect(told(about)).toContain(appid);
    expect(told(about)).toBe(told(aboutNothing).replace('wxffffffffffffffff', appid));
  });

  it('has the pushes that are about its own', async () => {
    const event = { InfoType: 'unauthorized', AuthorizerAppid: sibling.authorizerAppid };
    await world.push(mine, event);
    const pushes = async (scope: Scope) =>
      (await world.get(CallbackLog).list(scope, { limit: 100 })).map((one) => one.event);
    expect(await pushes(onMerchant())).toMatchObject([{ authorizerAppid: sibling.authorizerAppid }]);
    expect(new Set((await pushes(onPlatform())).map(({ platformId }) => platformId))).toEqual(new Set([mine.id]));
    expect(new Set((await pushes(EVERYTHING)).map(({ platformId }) => platformId)).size).toBe(2);
    expect(await pushes(nowhere)).toEqual([]);
  });
});
