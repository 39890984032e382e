import { GrantRows } from './grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { EVERYTHING } from '@app/scope';
import type { Merchant } from './merchant.entity.js';
import { Merchants } from './merchants.js';
import { Platforms } from '../platforms/platforms.js';

describe('merchants', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let merchant: Merchant;
  let neighbour: Merchant;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    platform = await world.platform();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    merchant = await world.merchant(platform);
    neighbour = await world.merchant(platform);
  });
  afterEach(async () => {
    expect(await merchants().byId(neighbour.id)).toEqual(neighbour);
  });

  const merchants = () => world.get(Merchants);
  const grants = () => world.get(GrantRows);
  const now = () => merchants().byId(merchant.id);

  it('are listed page by page, each once', async () => {
    const all: string[] = [];
    for (let after: string | undefined; ;) {
      const { found: page } = await merchants().list(EVERYTHING, { limit: 1, after });
      const [last] = page;
      if (!last) break;
      all.push(last.id);
      after = last.id;
    }
    expect(all).toEqual(expect.arrayContaining([merchant.id, neighbour.id]));
    expect(new Set(all).size).toBe(all.length);
    expect((await merchants().list(EVERYTHING, { limit: 1000 })).found).toHaveLength(all.length);
  });

  it('that never authorized are not found', async () => {
    await expect(merchants().find(EVERYTHING, 'wxffffffffffffffff')).rejects.toMatchObject({
      code: 'merchant_not_found',
    });
    const elsewhere = await world.platform();
    const found = merchants().find(EVERYTHING, merchant.authorizerAppid, elsewhere.componentAppid);
    await expect(found).rejects.toMatchObject({ code: 'merchant_not_found' });
    const nowhere = merchants().find(EVERYTHING, merchant.authorizerAppid, 'wxffffffffffffffff');
    await expect(nowhere).rejects.toMatchObject({ code: 'platform_not_found' });
  });

  it('lose set 7 and nothing else when an answer says that it was not granted', async () => {
    await grants().learn(merchant.id, merchant.grantVersion, 'permission_set_7_not_granted');
    expect(await now()).toMatchObject({
      state: 'authorized',
      permissionSets: merchant.permissionSets?.filter((id) => id !== 7),
    });
  });

  it.each(['unauthorized', 'reauthorization_required'] as const)(
    'are %s when an answer says so, with the refresh token kept until an event takes it',
    async (lesson) => {
      const { refreshToken } = await grants().grant(merchant.id);
      await grants().learn(merchant.id, merchant.grantVersion, lesson);
      expect(await grants().grant(merchant.id)).toMatchObject({ state: lesson, refreshToken });
    },
  );

  it.each(['unauthorized', 'reauthorization_required', 'permission_set_7_not_granted'] as const)(
    'do not learn %s from an answer to a call under an older grant',
    async (lesson) => {
      await grants().learn(merchant.id, merchant.grantVersion - 1, lesson);
      const { refreshToken } = await grants().grant(merchant.id);
      await grants().replaceRefreshToken(merchant.id, merchant.grantVersion - 1, refreshToken, 'refreshtoken@@@old');
      expect(await now()).toEqual(merchant);
    },
  );

  it('keep their permission sets when a grant comes without any, for none at all is an answer that left them out', async () => {
    const { authorizerAppid, permissionSets } = merchant;
    const grant = { authorizerAppid, authorizerRefreshToken: 'refreshtoken@@@again', permissionSets: [] };
    const row = await world.get(Platforms).byId(platform.id);
    await world
      .get(DataSource)
      .transaction((tx) => grants().keepGrant(tx, row, grant, { grantedAt: new Date(), source: 'code' }));
    expect(await now()).toMatchObject({ permissionSets, ineligibleReasons: [] });
  });

  it('keep the newer refresh token when an older mint is answered later', async () => {
    const { refreshToken } = await grants().grant(merchant.id);
    const replace = (replaced: string | undefined, next: string) =>
      grants().replaceRefreshToken(merchant.id, merchant.grantVersion, replaced, next);
    await replace(refreshToken, 'refreshtoken@@@newer');
    await replace(refreshToken, 'refreshtoken@@@older');
    expect(await grants().grant(merchant.id)).toMatchObject({ refreshToken: 'refreshtoken@@@newer' });
    await replace('refreshtoken@@@newer', 'refreshtoken@@@newest');
    expect(await grants().grant(merchant.id)).toMatchObject({ refreshToken: 'refreshtoken@@@newest' });
  });

  it('keep the name that the provider gave them until it is changed or taken away', async () => {
    const provider = { apiKeyId: uuidv7(), scope: EVERYTHING };
    const { manager } = world.get(DataSource);
    await merchants().setRef(manager, merchant.id, 'shop 7', provider);
    expect(await now()).toMatchObject({ ref: 'shop 7' });
    await merchants().setRef(manager, merchant.id, null, provider);
    expect(await now()).toMatchObject({ ref: null });
  });
});
