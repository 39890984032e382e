import { MASS_AND_NOTIFICATION } from '@app/wechat';
import { SecretBox } from '@app/vault';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { EVERYTHING } from '@app/scope';
import { faultSchema } from '../../../../apps/simulator/src/behaviour/faults.js';
import { eventually } from '../../../../test/support/eventually.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { GrantExchange } from './grant-exchange.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { AuthorizationLinks, type AlongsideNaming } from '../onboarding/authorization-links.js';
import { Onboarding } from '../onboarding/onboarding.js';
import { writeState } from '../onboarding/onboarding-state.js';
import { Platforms } from '../platforms/platforms.js';

describe('a grant', () => {
  let world: MerchantsWorld;
  let other: Awaited<ReturnType<MerchantsWorld['process']>>;
  let platform: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    other = await world.process();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
  });
  afterEach(() => world.simulation.faults.clear());

  const exchange = async (code: string, more: { grantedAt?: Date } = {}, exchanges = world.get(GrantExchange)) =>
    exchanges.exchange(await world.get(Platforms).byId(platform.id), { code, ...more });
  const asked = (operation: string) => world.calls(operation, { component_appid: platform.componentAppid });
  const refreshTokenOf = async ({ id }: Merchant) => (await world.get(GrantRows).grant(id)).refreshToken;
  const atWechat = ({ authorizerAppid }: Merchant) => platform.simulated.grants.get(authorizerAppid)?.refreshToken;
  const merchants = () => world.sql<Merchant>(`SELECT * FROM merchants WHERE platform_id = $1`, [platform.id]);
  const fault = (operation: string, errcode: number, more = {}) =>
    world.simulation.faults.add(faultSchema.parse({ operation, outcome: 'errcode', errcode, ...more }));
  /** The state of a link that was handed out for this platform. */
  const state = (changes: { componentAppid?: string; expiresAt?: number; linkId?: string } = {}) =>
    writeState(
      { id: uuidv7(), componentAppid: platform.componentAppid, expiresAt: Date.now() + 60_000, ...changes },
      world.get(SecretBox),
    );
  const complete = async (stateText: string, code: string, alongside: AlongsideNaming = () => Promise.resolve()) =>
    (await world.get(Onboarding).complete(platform.componentAppid, stateText, code, alongside)).merchant;

  const issue = async (wish: { ref?: string; authorizerAppid?: string; isSingleUse?: boolean } = {}) => {
    const { id } = await world
      .get(AuthorizationLinks)
      .issue(world.get(DataSource).manager, EVERYTHING, platform.componentAppid, {
        ...{ ref: null, authorizerAppid: null, returnUrl: null, isSingleUse: true },
        ...{ expiresInSeconds: 60, issuedBy: uuidv7(), issuerRole: 'operator', issuerTenant: null },
        ...wish,
      });
    return id;
  };

  describe('from an authorization code', () => {
    it('holds what WeChat told: tokens, sets, and what kind of account it is', async () => {
      const account = world.account({ nick_name: '茶馆 <b>', principal_name: 'Tea Ltd', service_type: 0 });
      const merchant = await exchange(world.consent(platform, account, [1, 7]));
      expect(merchant).toMatchObject({
        platformId: platform.id,
        authorizerAppid: account.appid,
        ref: null,
        state: 'authorized',
        permissionSets: [1, 7],
        grantVersion: 1,
        nickName: '茶馆 <b>',
        userName: account.userName,
        principalName: 'Tea Ltd',
        isMiniProgram: false,
        serviceType: 0,
        verifyType: 0,
        accountStatus: 1,
      });
      expect(merchant.ineligibleReasons).toEqual([]);
      expect(await refreshTokenOf(merchant)).toBe(atWechat(merchant));
    });

    it.each([
      ['lacks set 7', {}, [1, 2], 'permission_set_7_not_granted'],
      ['is of a mini program', { kind: 'mini_program' as const }, undefined, 'not_an_official_account'],
      ['is of an unverified account', { verify_type: -1 }, undefined, 'not_verified'],
      ['is of a frozen account', { account_status: 19 }, undefined, 'account_frozen'],
    ])('is kept and does not make eligible if it %s', async (_what, account, sets, reason) => {
      const merchant = await exchange(world.consent(platform, world.account(account), sets));
      expect(merchant.state).toBe('authorized');
      expect(merchant.ineligibleReasons).toEqual([reason]);
      expect(merchant.permissionSets?.includes(MASS_AND_NOTIFICATION)).toBe(reason !== 'permission_set_7_not_granted');
    });

    it('is made once when redirect and event bring the code to several processes at once', async () => {
      const grantedAt = new Date('2026-01-02T03:04:05Z');
      const elsewhere = other.get(GrantExchange);
      const code = world.consent(platform, world.account());
      const made = await Promise.all([
        ...Array.from({ length: 10 }, () => exchange(code)),
        ...Array.from({ length: 10 }, () => exchange(code, { grantedAt }, elsewhere)),
      ]);
      expect(asked('api_query_auth')).toBe(1);
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      // Whichever came first: the event tells WeChat's time.
      expect(await merchants()).toEqual([expect.objectContaining({ grant_version: 1, granted_at: grantedAt })]);
    });

    it.each([
      [61009, async () => exchange('queryauthcode@@@never-made')],
      [
        61010,
        async () => {
          const code = world.consent(platform, world.account());
          const known = world.simulation.world.authCodes.get(code);
          if (known) known.expiresAt = 0;
          return exchange(code);
        },
      ],
    ])('is refused for good on %i', async (errcode, tryIt) => {
      await expect(tryIt()).rejects.toMatchObject({
        code: 'authorization_code_refused',
        failureCode: String(errcode),
      });
      expect(await merchants()).toEqual([]);
    });

    it('is not asked for again with a code that was refused', async () => {
      await expect(exchange('queryauthcode@@@wrong')).rejects.toMatchObject({ failureCode: '61009' });
      await expect(exchange('queryauthcode@@@wrong')).rejects.toMatchObject({ failureCode: '61009' });
      expect(asked('api_query_auth')).toBe(1);
    });

    it('is made by a later try when WeChat was busy', async () => {
      const code = world.consent(platform, world.account());
      fault('api_query_auth', -1, { component_appid: platform.componentAppid });
      await expect(exchange(code)).rejects.toMatchObject({ errcode: -1 });
      expect((await exchange(code)).state).toBe('authorized');
    });

    it('is kept when what kind of account it is cannot be read', async () => {
      fault('api_get_authorizer_info', 40013, { component_appid: platform.componentAppid });
      const merchant = await exchange(world.consent(platform, world.account()));
      expect(merchant).toMatchObject({ state: 'authorized', factsReadAt: null, isMiniProgram: null });
      expect(merchant.ineligibleReasons).toEqual([]);
    });

    it('is kept when the component token is lost before the account can be read, and cannot be had again', async () => {
      fault('api_get_authorizer_info', 40001, { component_appid: platform.componentAppid, delay_ms: 300 });
      const made = exchange(world.consent(platform, world.account()));
      await eventually(merchants, ({ length }) => length === 1);
      // Some other caller has just failed to mint.
      await world.sql(
        `UPDATE access_tokens SET use_until = now(), failed_until = now() + interval '5 s', failure_code = 'platform_broken' WHERE holder_id = $1`,
        [platform.id],
      );
      expect(await made).toMatchObject({ state: 'authorized', factsReadAt: null });
    });
  });

  describe('that is renewed', () => {
    it('replaces refresh token, access token and sets, and leaves other merchants alone', async () => {
      const neighbour = await world.merchant(platform);
      const account = world.account();
      const first = await exchange(world.consent(platform, account, [1, 2]));
      const firstToken = (await world.get(AuthorizerTokens).current(first)).token;
      const oldRefreshToken = atWechat(first);

      const second = await exchange(world.consent(platform, account, [7]));
      expect(second).toMatchObject({ id: first.id, grantVersion: 2, permissionSets: [7] });
      expect(await refreshTokenOf(second)).toBe(atWechat(second));
      expect(await refreshTokenOf(second)).not.toBe(oldRefreshToken);
      const { token } = await world.get(AuthorizerTokens).current(second);
      expect(token).not.toBe(firstToken);
      expect(world.simulation.credentials.check(token)).toBeDefined();
      expect(await world.get(Merchants).byId(neighbour.id)).toEqual(neighbour);
    });

    it('keeps its refresh token when WeChat leaves it out', async () => {
      const account = world.account();
      const first = await exchange(world.consent(platform, account));
      const kept = await refreshTokenOf(first);
      account.hasApiRights = false;
      const second = await exchange(world.consent(platform, account, [1]));
      expect(second).toMatchObject({ id: first.id, permissionSets: [1] });
      expect(await refreshTokenOf(second)).toBe(kept);
      expect((await world.get(AuthorizerTokens).expiries([first.id])).size).toBe(0);
    });

    it('lets a merchant work again that had taken its authorization back', async () => {
      const account = world.account();
      const first = await exchange(world.consent(platform, account));
      world.simulation.authorizations.deauthorize(platform.simulated, account.appid);
      await world.push(platform, { InfoType: 'unauthorized', AuthorizerAppid: account.appid });
      expect(await world.get(Merchants).byId(first.id)).toMatchObject({ state: 'unauthorized', permissionSets: [] });

      const again = await exchange(world.consent(platform, account));
      expect(again).toMatchObject({ id: first.id, state: 'authorized' });
      await world.expire(again.id);
      expect((await world.get(AuthorizerTokens).current(again)).token).toMatch(/^\d\d_/);
    });
  });

  describe('through the authorization page', () => {
    it('is the same however often the page is loaded again', async () => {
      const link = state({ linkId: await issue({ ref: 'shop' }) });
      const code = world.consent(platform, world.account());
      const first = await complete(link, code);
      expect(await complete(link, code)).toEqual({ ...first, updatedAt: expect.any(Date) });
      expect((await Promise.all([complete(link, code), complete(link, code)])).map(({ id }) => id)).toEqual([
        first.id,
        first.id,
      ]);
      expect(asked('api_query_auth')).toBe(1);
      expect(first.ref).toBe('shop');
    });

    it('is refused with a state that is forged, expired, or of another platform, and the code stays good', async () => {
      const elsewhere = await world.platform();
      const code = world.consent(platform, world.account());
      const [payload = '', signature = ''] = state().split('.');
      const otherPayload = state({ linkId: uuidv7() }).split('.')[0];
      for (const [text, reason] of [
        ['', 'forged'],
        [payload, 'forged'],
        [`${payload}.${signature.slice(0, -1)}`, 'forged'],
        [`${otherPayload}.${signature}`, 'forged'],
        [state({ componentAppid: elsewhere.componentAppid }), 'forged'],
        [state({ expiresAt: Date.now() - 1 }), 'expired'],
      ] as const) {
        await expect(complete(text, code)).rejects.toMatchObject({ code: `authorization_state_${reason}` });
      }
      expect(await merchants()).toEqual([]);
      expect(asked('api_query_auth')).toBe(0);
      expect((await complete(state(), code)).state).toBe('authorized');
    });

    it('is refused when a used state comes with another code', async () => {
      const link = state();
      const merchant = await complete(link, world.consent(platform, world.account()));
      await expect(complete(link, world.consent(platform, world.account()))).rejects.toMatchObject({
        code: 'authorization_state_used',
      });
      expect(await merchants()).toEqual([expect.objectContaining({ id: merchant.id })]);
    });
  });

  describe('of an account that authorized two platforms', () => {
    it('is found only with the platform named, and each keeps its own', async () => {
      const account = world.account();
      const here = await exchange(world.consent(platform, account));
      const elsewhere = await world.platform();
      const there = await world.merchant(elsewhere, account);
      expect(there.id).not.toBe(here.id);

      const find = (componentAppid?: string) => world.get(Merchants).find(EVERYTHING, account.appid, componentAppid);
      await expect(find()).rejects.toMatchObject({
        code: 'platform_required',
        message: expect.stringMatching(new RegExp(`${platform.componentAppid} and ${elsewhere.componentAppid}`)),
      });
      expect(await find(platform.componentAppid)).toMatchObject({ id: here.id });
      expect(await find(elsewhere.componentAppid)).toMatchObject({ id: there.id });

      await world.push(platform, { InfoType: 'unauthorized', AuthorizerAppid: account.appid });
      expect(await find(platform.componentAppid)).toMatchObject({ state: 'unauthorized' });
      expect(await find(elsewhere.componentAppid)).toEqual(there);
    });
  });
});
