import { SealedColumns } from '@app/database';
import { EVERYTHING } from '@app/scope';
import { faultSchema } from '../../../../apps/simulator/src/behaviour/faults.js';
import { eventually } from '../../../../test/support/eventually.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { CallbackProcessing } from '../callbacks/callback-processing.js';
import { GrantExchange } from './grant-exchange.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { Platforms } from '../platforms/platforms.js';

describe('a grant that we lost', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let merchant: Merchant;
  let neighbour: Merchant;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
    merchant = await world.merchant(platform);
    neighbour = await world.merchant(platform);
    await world.expire(merchant.id);
  });
  afterEach(() => world.simulation.faults.clear());

  const mint = () => world.get(AuthorizerTokens).current(merchant);
  const stored = () => world.get(GrantRows).grant(merchant.id);
  const atWechat = () => {
    const grant = platform.simulated.grants.get(merchant.authorizerAppid);
    if (!grant) throw new Error('no grant');
    return grant;
  };
  const loseAtWechat = () => world.simulation.credentials.spoilGrant(atWechat(), 'lose_refresh_token');
  const blankOurs = () => world.sql(`UPDATE merchants SET refresh_token_sealed = NULL WHERE id = $1`, [merchant.id]);
  const fault = (operation: string, errcode: number, times = 1) =>
    world.simulation.faults.add(
      faultSchema.parse({
        operation,
        component_appid: platform.componentAppid,
        outcome: 'errcode',
        errcode,
        times,
      }),
    );
  const calls = (operation: string) => world.calls(operation, { component_appid: platform.componentAppid });
  const events = (id = merchant.id) =>
    world.sql<{ type: string; data: object }>(`SELECT type, data FROM events WHERE merchant_id = $1 ORDER BY id`, [id]);

  describe('with its refresh token', () => {
    it('comes back from the list of authorizers when WeChat refuses the token that we have', async () => {
      loseAtWechat();
      expect(world.simulation.credentials.check((await mint()).token)).toBeDefined();
      expect(await stored()).toMatchObject({ state: 'authorized', version: 1, refreshToken: atWechat().refreshToken });
      expect([calls('api_authorizer_token'), calls('api_get_authorizer_list')]).toEqual([2, 1]);
      expect(await world.get(Merchants).byId(neighbour.id)).toEqual(neighbour);
    });

    it('comes back from the list when ours is blank, without a call that must fail', async () => {
      await blankOurs();
      await mint();
      expect(await stored()).toMatchObject({ state: 'authorized', refreshToken: atWechat().refreshToken });
      expect(calls('api_authorizer_token')).toBe(1);
    });

    it('is not looked for in the list when another process has stored a newer one meanwhile', async () => {
      loseAtWechat();
      const old = (await stored()).refreshToken ?? '';
      world.simulation.latencies.set('api_authorizer_token', { distribution: 'fixed', ms: 300 });
      const minting = mint();
      await world.get(GrantRows).replaceRefreshToken(merchant.id, 1, old, atWechat().refreshToken);
      await minting;
      world.simulation.latencies.clear();
      expect((await stored()).refreshToken).not.toBe(old);
      expect(calls('api_get_authorizer_list')).toBe(0);
    });

    it.each([
      ['has the same one', () => fault('api_authorizer_token', 61023)],
      ['has a blank', () => (loseAtWechat(), Object.assign(atWechat(), { isExchanged: false }))],
      ['has another that is refused too', () => (loseAtWechat(), fault('api_authorizer_token', 61023, 2))],
      ['does not have the merchant', () => (fault('api_authorizer_token', 61023), (atWechat().isActive = false))],
    ])('is lost for good when the list %s: the merchant is told to authorize again, once', async (_what, happen) => {
      happen();
      await expect(mint()).rejects.toMatchObject({ code: 'reauthorization_required' });
      expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({
        state: 'reauthorization_required',
        ineligibleReasons: ['reauthorization_required'],
      });
      const asked = calls('api_authorizer_token');
      await expect(mint()).rejects.toThrow();
      expect(calls('api_authorizer_token')).toBe(asked);
      expect((await events()).slice(1)).toEqual([
        { type: 'merchant.reauthorization_required', data: {} },
        {
          type: 'merchant.eligibility_changed',
          data: { eligible: false, reasons: ['reauthorization_required'], previous_reasons: [] },
        },
      ]);
    });

    it('is not given up while the list cannot be read', async () => {
      loseAtWechat();
      fault('api_get_authorizer_list', -1);
      await expect(mint()).rejects.toMatchObject({ errcode: -1 });
      expect((await stored()).state).toBe('authorized');
      await world.sql(`UPDATE access_tokens SET failed_until = NULL WHERE holder_id = $1`, [merchant.id]);
      await mint();
      expect(await stored()).toMatchObject({ state: 'authorized', refreshToken: atWechat().refreshToken });
    });
  });

  describe('with its authorization code', () => {
    const authorized = (appid: string, code: string) =>
      world.push(platform, { InfoType: 'authorized', AuthorizerAppid: appid, AuthorizationCode: code });
    const processed = async (appid: string) => {
      const [event] = await world.sql<{ id: string }>(
        `SELECT id FROM callback_events WHERE authorizer_appid = $1 AND platform_id = $2 ORDER BY received_at DESC`,
        [appid, platform.id],
      );
      await world.get(CallbackProcessing).process(event?.id ?? '');
      return world.sql(`SELECT state, failure_code FROM callback_events WHERE id = $1`, [event?.id]);
    };
    const exchange = async (code: string) =>
      world.get(GrantExchange).exchange(await world.get(Platforms).byId(platform.id), { code });

    it('comes back by the event when the answer to its exchange was lost', async () => {
      const account = world.account();
      const code = world.consent(platform, account, [1, 7]);
      world.simulation.faults.add(
        faultSchema.parse({ operation: 'api_query_auth', outcome: 'http', takes_effect: true }),
      );
      await expect(exchange(code)).rejects.toMatchObject({ code: 'unknown_outcome' });
      // The page, loaded again, cannot know whose code it is.
      await expect(exchange(code)).rejects.toMatchObject({ failureCode: '61009' });

      await authorized(account.appid, code);
      expect(await processed(account.appid)).toEqual([{ state: 'done', failure_code: null }]);
      const found = await world.get(Merchants).find(EVERYTHING, account.appid, platform.componentAppid);
      expect(found).toMatchObject({ state: 'authorized', permissionSets: [1, 7], verifyType: 0 });
      expect((await world.get(GrantRows).grant(found.id)).refreshToken).toBe(
        platform.simulated.grants.get(account.appid)?.refreshToken,
      );
      expect((await world.get(AuthorizerTokens).current(found)).token).toMatch(/^\d\d_/);
      expect(await events(found.id)).toEqual([
        { type: 'merchant.authorized', data: { source: 'list', permission_sets: [1, 7] } },
      ]);
      // And now the page knows.
      expect((await exchange(code)).id).toBe(found.id);
    });

    it('is late news when a grant as new is stored, which stays as it is', async () => {
      const before = await world.get(Merchants).byId(merchant.id);
      await world.sql(`UPDATE merchants SET granted_at = now() + interval '1 minute' WHERE id = $1`, [merchant.id]);
      await authorized(merchant.authorizerAppid, 'queryauthcode@@@spent');
      expect(await processed(merchant.authorizerAppid)).toEqual([{ state: 'done', failure_code: null }]);
      expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({
        grantVersion: before.grantVersion,
        refreshTokenSealed: before.refreshTokenSealed,
      });
      expect(calls('api_get_authorizer_list')).toBe(0);
    });

    it('does not overwrite what was stored while WeChat was asked', async () => {
      await world.sql(`UPDATE merchants SET granted_at = now() - interval '1 hour' WHERE id = $1`, [merchant.id]);
      world.simulation.latencies.set('api_get_authorizer_info', { distribution: 'fixed', ms: 300 });
      await authorized(merchant.authorizerAppid, 'queryauthcode@@@spent');
      const processing = processed(merchant.authorizerAppid);
      await eventually(
        () => Promise.resolve(calls('api_get_authorizer_list')),
        (count) => count === 1,
      );
      const { refreshToken, version } = await stored();
      await world.get(GrantRows).replaceRefreshToken(merchant.id, version, refreshToken, 'refreshtoken@@@newer');
      expect(await processing).toEqual([{ state: 'done', failure_code: null }]);
      world.simulation.latencies.clear();
      expect(await stored()).toMatchObject({ version, refreshToken: 'refreshtoken@@@newer' });
    });

    it('takes the grant over although the refresh token was sealed anew while WeChat was asked', async () => {
      await world.sql(`UPDATE merchants SET granted_at = now() - interval '1 hour' WHERE id = $1`, [merchant.id]);
      world.simulation.latencies.set('api_get_authorizer_info', { distribution: 'fixed', ms: 300 });
      await authorized(merchant.authorizerAppid, 'queryauthcode@@@spent');
      const processing = processed(merchant.authorizerAppid);
      await eventually(
        () => Promise.resolve(calls('api_get_authorizer_list')),
        (count) => count === 1,
      );
      const { refreshToken = '', version } = await stored();
      const place = { table: 'merchants', column: 'refresh_token_sealed', rowId: merchant.id };
      await world.sql(`UPDATE merchants SET refresh_token_sealed = $2 WHERE id = $1`, [
        merchant.id,
        world.get(SealedColumns).seal(place, refreshToken),
      ]);
      expect(await processing).toEqual([{ state: 'done', failure_code: null }]);
      world.simulation.latencies.clear();
      expect((await stored()).version).toBe(version + 1);
    });

    it('stays refused when the merchant is not on the list', async () => {
      const account = world.account();
      await authorized(account.appid, 'queryauthcode@@@never-made');
      expect(await processed(account.appid)).toEqual([{ state: 'failed', failure_code: '61009' }]);
      await expect(world.get(Merchants).find(EVERYTHING, account.appid)).rejects.toThrow();
    });
  });
});
