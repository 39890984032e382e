import { TestPlatform } from '../../../../test/simulator-platform.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('component operations', () => {
  let platform: TestPlatform;

  beforeEach(async () => {
    platform = await TestPlatform.start();
    await platform.logIn();
  });
  afterEach(() => platform.close());

  const advance = (ms: number) => platform.control('POST', 'clock/advance', { ms });
  const refresh = (appid: string, refreshToken: string) =>
    platform.component('api_authorizer_token', {
      authorizer_appid: appid,
      authorizer_refresh_token: refreshToken,
    });
  const consent = (appid: string, sets?: number[]) =>
    platform.control('POST', 'consents', {
      component_appid: platform.appid,
      authorizer_appid: appid,
      ...(sets ? { permission_sets: sets } : {}),
    });
  const probe = (token: string) => platform.call('message/mass/get', token, { msg_id: '1' });

  describe('api_component_token', () => {
    const ask = (change: object) =>
      platform.call('component/api_component_token', '', {
        component_appid: platform.appid,
        component_appsecret: platform.secret,
        component_verify_ticket: platform.ticket(),
        ...change,
      });

    it('has no errcode in a good answer', async () => {
      expect(await ask({})).toEqual({ component_access_token: expect.stringMatching(/^\d\d_/), expires_in: 7200 });
    });

    it.each([
      ['no appid', { component_appid: undefined }, 41002],
      ['an unknown appid', { component_appid: 'wx0000000000000000' }, 40013],
      ['no secret', { component_appsecret: undefined }, 41004],
      ['a wrong secret', { component_appsecret: 'wrong' }, 40125],
      ['no ticket', { component_verify_ticket: undefined }, 61006],
      ['a null ticket', { component_verify_ticket: null }, 61006],
      ['an unknown ticket', { component_verify_ticket: 'ticket@@@x' }, 61006],
    ])('refuses %s', async (_what, change, errcode) => {
      expect(await ask(change)).toMatchObject({ errcode });
    });

    it('refuses the appid of an account', async () => {
      const { appid } = await platform.control('POST', 'merchants', {});
      expect(await ask({ component_appid: appid })).toMatchObject({ errcode: 61011 });
    });

    it('takes a ticket for twelve hours after its last push', async () => {
      await platform.control('PATCH', `platforms/${platform.appid}`, { events_url: null });
      await advance(12 * HOUR - MINUTE);
      expect(await ask({})).toMatchObject({ expires_in: 7200 });
      await advance(2 * MINUTE);
      expect(await ask({})).toMatchObject({ errcode: 61005 });
    });

    it('has a daily limit', async () => {
      await platform.control('PATCH', `platforms/${platform.appid}/quotas`, { api_component_token: { used: 10_000 } });
      expect(await ask({})).toMatchObject({ errcode: 45009 });
    });

    it('is where a platform must go, not /cgi-bin/token', async () => {
      const response = await fetch(
        `${platform.simulator.url}/cgi-bin/token?grant_type=client_credential&appid=${platform.appid}&secret=x`,
      );
      expect(await response.json()).toMatchObject({ errcode: 61024 });
    });
  });

  it('lets an old component token live for five minutes beside the new one', async () => {
    const old = platform.componentToken;
    await platform.logIn();
    const list = (token: string) =>
      platform.call('component/api_get_authorizer_list', token, {
        component_appid: platform.appid,
        offset: 0,
        count: 1,
      });
    expect(await list(old)).toMatchObject({ total_count: 0 });
    await advance(5 * MINUTE + 1000);
    expect(await list(old)).toMatchObject({ errcode: 40001 });
    expect(await list(platform.componentToken)).toMatchObject({ total_count: 0 });
    await advance(2 * HOUR);
    expect(await list(platform.componentToken)).toMatchObject({ errcode: 42001 });
    await platform.control('PATCH', 'settings', { component_token_expired_errcode: 42006 });
    expect(await list(platform.componentToken)).toMatchObject({ errcode: 42006 });
  });

  it('checks the component appid in bodies', async () => {
    expect(await platform.component('api_create_preauthcode', { component_appid: undefined })).toMatchObject({
      errcode: 41018,
    });
    expect(await platform.component('api_create_preauthcode', { component_appid: 'wx1' })).toMatchObject({
      errcode: 40013,
    });
  });

  describe('api_query_auth', () => {
    it('exchanges a code once', async () => {
      const { appid } = await platform.control('POST', 'merchants', {});
      const { auth_code: code } = await consent(appid);
      const { authorization_info: info } = await platform.component('api_query_auth', { authorization_code: code });
      expect(info.authorizer_refresh_token).toMatch(/^refreshtoken@@@.{43}$/);
      expect(info.authorizer_access_token.length).toBeGreaterThan(130);
      expect(await platform.component('api_query_auth', { authorization_code: code })).toMatchObject({
        errcode: 61009,
      });
    });

    it('refuses codes that are mistyped, of another kind, of another platform, or expired', async () => {
      const { appid } = await platform.control('POST', 'merchants', {});
      const { pre_auth_code } = await platform.component('api_create_preauthcode');
      const other = await platform.control('POST', 'platforms', {});
      const foreign = await platform.control('POST', 'consents', {
        component_appid: other.component_appid,
        authorizer_appid: appid,
      });
      for (const code of [undefined, 'queryauthcode@@@x', pre_auth_code, foreign.auth_code]) {
        expect(await platform.component('api_query_auth', { authorization_code: code })).toMatchObject({
          errcode: 61009,
        });
      }
      const { auth_code: code } = await consent(appid);
      await advance(HOUR + 1000);
      expect(await platform.component('api_query_auth', { authorization_code: code })).toMatchObject({
        errcode: 61010,
      });
    });

    it('gives no tokens to an account without API rights', async () => {
      const { appid } = await platform.control('POST', 'merchants', { has_api_rights: false, consent: [7] });
      const { auth_code: code } = await consent(appid);
      const { authorization_info: info } = await platform.component('api_query_auth', { authorization_code: code });
      expect(info).toEqual({ authorizer_appid: appid, func_info: [{ funcscope_category: { id: 7 } }] });
    });
  });

  describe('api_authorizer_token', () => {
    it('keeps the refresh token and lets the old access token live for five minutes', async () => {
      const { appid, accessToken, refreshToken } = await platform.merchant();
      const answer = await refresh(appid, refreshToken);
      expect(answer).toMatchObject({ expires_in: 7200, authorizer_refresh_token: refreshToken });
      expect(await probe(accessToken)).toMatchObject({ errcode: 40059 });
      await advance(5 * MINUTE + 1000);
      expect(await probe(accessToken)).toMatchObject({ errcode: 40001 });
      expect(await probe(answer.authorizer_access_token)).toMatchObject({ errcode: 40059 });
      await advance(2 * HOUR);
      expect(await probe(answer.authorizer_access_token)).toMatchObject({ errcode: 42001 });
    });

    it('ends the old access token at once if there is no grace', async () => {
      await platform.control('PATCH', 'settings', { old_token_grace_s: 0 });
      const { appid, accessToken, refreshToken } = await platform.merchant();
      await refresh(appid, refreshToken);
      expect(await probe(accessToken)).toMatchObject({ errcode: 40001 });
    });

    it('refuses a wrong or missing refresh token, and accounts that never authorized', async () => {
      const { appid } = await platform.merchant();
      for (const token of ['refreshtoken@@@nobody', '', undefined]) {
        expect(await refresh(appid, token as string)).toMatchObject({ errcode: 61023 });
      }
      const stranger = await platform.control('POST', 'merchants', {});
      expect(await refresh(stranger.appid, 'refreshtoken@@@x')).toMatchObject({ errcode: 61003 });
      expect(await refresh('', 'refreshtoken@@@x')).toMatchObject({ errcode: 40013 });
    });

    it('rotates the refresh token every time if told so', async () => {
      await platform.control('PATCH', 'settings', { every_refresh_rotates_refresh_token: true });
      const { appid, refreshToken } = await platform.merchant();
      const { authorizer_refresh_token: next } = await refresh(appid, refreshToken);
      expect(next).not.toBe(refreshToken);
      await advance(5 * MINUTE + 1000);
      await platform.logIn();
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61023 });
      expect(await refresh(appid, next)).toMatchObject({ expires_in: 7200 });
    });

    it.each([14, 16, 19])('is refused for an account in status %i', async (status) => {
      const { appid, refreshToken } = await platform.merchant();
      await platform.control('PATCH', `merchants/${appid}`, { account_status: status });
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 50002 });
    });

    it('is refused after a change of password until the account authorizes again', async () => {
      const { appid, accessToken, refreshToken } = await platform.merchant();
      await platform.control('PATCH', `merchants/${appid}`, { has_changed_password: true });
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 42007 });
      expect(await probe(accessToken)).toMatchObject({ errcode: 42007 });
      await consent(appid);
      expect(await refresh(appid, refreshToken)).toMatchObject({ expires_in: 7200 });
    });
  });

  describe('re-authorization', () => {
    it('replaces the refresh token; the old one dies after five minutes', async () => {
      const { appid, refreshToken } = await platform.merchant();
      const { auth_code: code, pushed } = await consent(appid, [1, 7]);
      expect(pushed).toBe('updateauthorized');
      expect((await platform.pushed('updateauthorized')).fields).toMatchObject({ AuthorizationCode: code });
      expect(await refresh(appid, refreshToken)).toMatchObject({ expires_in: 7200 });
      await advance(5 * MINUTE + 1000);
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61023 });
      const { authorization_info: info } = await platform.component('api_query_auth', { authorization_code: code });
      expect(info.func_info.map((one: { funcscope_category: { id: number } }) => one.funcscope_category.id)).toEqual([
        1, 7,
      ]);
      expect(await refresh(appid, info.authorizer_refresh_token)).toMatchObject({ expires_in: 7200 });
    });

    it('pushes nothing if the selection is the same', async () => {
      const { appid } = await platform.merchant();
      expect(await consent(appid)).toMatchObject({ pushed: null, auth_code: expect.any(String) });
    });

    it('after a de-authorization is an authorization, and old tokens stay dead', async () => {
      const { appid, accessToken, refreshToken } = await platform.merchant();
      await platform.control('POST', `platforms/${platform.appid}/authorizers/${appid}/deauthorize`);
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61003 });
      expect(await probe(accessToken)).toMatchObject({ errcode: 61003 });
      expect(await consent(appid)).toMatchObject({ pushed: 'authorized' });
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61023 });
      expect(await probe(accessToken)).toMatchObject({ errcode: 40001 });
    });
  });

  describe('the list of authorizers', () => {
    it('is paged, and blank where no code was exchanged', async () => {
      const first = await platform.merchant();
      const second = await platform.control('POST', 'merchants', {});
      await consent(second.appid);
      const list = (offset: number, count: number) => platform.component('api_get_authorizer_list', { offset, count });
      expect(await list(0, 1)).toEqual({
        total_count: 2,
        list: [{ authorizer_appid: first.appid, refresh_token: first.refreshToken, auth_time: expect.any(Number) }],
      });
      expect(await list(1, 500)).toMatchObject({ list: [{ authorizer_appid: second.appid, refresh_token: '' }] });
      expect(await list(2, 500)).toMatchObject({ list: [] });
      expect(await list(0, 501)).toMatchObject({ errcode: 40170 });
    });

    it('shows a refresh token that was rotated behind the platform', async () => {
      const { appid, refreshToken } = await platform.merchant();
      await platform.control('POST', `platforms/${platform.appid}/authorizers/${appid}/tokens`, {
        action: 'lose_refresh_token',
      });
      expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61023 });
      const { list } = await platform.component('api_get_authorizer_list', { offset: 0, count: 1 });
      expect(await refresh(appid, list[0].refresh_token)).toMatchObject({ expires_in: 7200 });
    });
  });

  it('gets new refresh tokens for all accounts with a new events_url, if told so', async () => {
    await platform.control('PATCH', 'settings', {
      new_events_url_rotates_refresh_tokens: true,
      old_refresh_token_grace_s: 0,
    });
    const { appid, refreshToken } = await platform.merchant();
    await platform.control('PATCH', `platforms/${platform.appid}`, { events_url: `${platform.url}/moved` });
    expect(await refresh(appid, refreshToken)).toMatchObject({ errcode: 61023 });
    const { list } = await platform.component('api_get_authorizer_list', { offset: 0, count: 1 });
    expect(list[0].refresh_token).not.toBe(refreshToken);
  });

  it('describes official accounts and mini programs', async () => {
    const official = await platform.merchant({ nick_name: 'Tea', service_type: 0, verify_type: -1, fans: 3 });
    const info = await platform.component('api_get_authorizer_info', { authorizer_appid: official.appid });
    expect(info.authorizer_info).toMatchObject({
      nick_name: 'Tea',
      service_type_info: { id: 0 },
      verify_type_info: { id: -1 },
      account_status: 1,
    });
    expect(info.authorizer_info).not.toHaveProperty('MiniProgramInfo');
    expect(info.authorization_info).not.toHaveProperty('authorizer_refresh_token');
    const mini = await platform.merchant({ kind: 'mini_program' });
    expect(
      (await platform.component('api_get_authorizer_info', { authorizer_appid: mini.appid })).authorizer_info,
    ).toHaveProperty('MiniProgramInfo');
    expect(await platform.component('api_get_authorizer_info', { authorizer_appid: 'wx1' })).toMatchObject({
      errcode: 61003,
    });
  });

  it('keeps authorizer options, by the old and the new form', async () => {
    const { appid, accessToken } = await platform.merchant();
    expect(
      await platform.component('api_set_authorizer_option', {
        authorizer_appid: appid,
        option_name: 'location_report',
        option_value: '2',
      }),
    ).toMatchObject({ errcode: 0 });
    expect(
      await platform.call('component/get_authorizer_option', accessToken, { option_name: 'location_report' }),
    ).toMatchObject({ errcode: 0, option_name: 'location_report', option_value: '2' });
    const set = (body: object) => platform.call('component/set_authorizer_option', accessToken, body);
    expect(await set({ option_name: 'colour', option_value: '1' })).toMatchObject({ errcode: 61012 });
    expect(await set({ option_name: 'customer_service', option_value: '2' })).toMatchObject({ errcode: 61013 });
    expect(
      await platform.component('api_get_authorizer_option', {
        authorizer_appid: appid,
        option_name: 'voice_recognize',
      }),
    ).toMatchObject({ authorizer_appid: appid, option_value: '0' });
  });

  it('takes an exclusive set from nobody', async () => {
    const other = await platform.control('POST', 'platforms', { permission_sets: [4, 7] });
    const { appid } = await platform.control('POST', 'merchants', {});
    await platform.control('PATCH', `platforms/${platform.appid}`, { permission_sets: [4, 7] });
    await consent(appid);
    const { grant } = await platform.control('POST', 'consents', {
      component_appid: other.component_appid,
      authorizer_appid: appid,
    });
    expect(grant.permission_sets).toEqual([7]);
  });

  it('restarts ticket pushes by api_start_push_ticket', async () => {
    const start = (change: object = {}) =>
      platform.call('component/api_start_push_ticket', '', {
        component_appid: platform.appid,
        component_secret: platform.secret,
        ...change,
      });
    expect(await start()).toMatchObject({ errcode: 0 });
    expect(await start({ component_secret: 'wrong' })).toMatchObject({ errcode: 40125 });
    expect(await start({ component_appid: 'wx1' })).toMatchObject({ errcode: 40013 });
  });
});
