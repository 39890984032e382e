import { TestPlatform } from '../../../../test/simulator-platform.js';

const DELETE = '/cgi-bin/message/mass/delete';

describe('quotas and diagnostics', () => {
  let platform: TestPlatform;
  let appid: string;
  let token: string;

  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  beforeEach(async () => {
    ({ appid, accessToken: token } = await platform.merchant());
  });
  afterAll(() => platform.close());

  const used = async (account = appid) =>
    (await platform.control('GET', `merchants/${account}/quotas`))['mass/delete']?.used;
  const spend = (count: number) =>
    platform.control('PATCH', `merchants/${appid}/quotas`, { 'mass/delete': { used: count } });

  describe('openapi/quota/get', () => {
    const get = (accessToken: string, cgiPath: string) =>
      platform.call('openapi/quota/get', accessToken, { cgi_path: cgiPath });

    it('tells an account about its calls and a component about its own', async () => {
      await platform.call('message/mass/delete', token, { msg_id: 1 });
      expect(await get(token, DELETE)).toMatchObject({ errcode: 0, quota: { daily_limit: 10, used: 1, remain: 9 } });
      const own = await get(platform.componentToken, '/cgi-bin/component/api_component_token');
      expect(own.quota).toMatchObject({ daily_limit: 10_000, used: expect.any(Number) });
      expect(own).not.toHaveProperty('rate_limit');
    });

    it.each([
      ['an unknown path', '/cgi-bin/nothing', 76021],
      ['a path without a slash', 'cgi-bin/message/mass/delete', 76021],
      ['a path of web authorization', '/sns/userinfo', 76022],
      ['a path for another kind of token', '/cgi-bin/component/api_query_auth', 76022],
    ])('refuses %s', async (_what, path, errcode) => {
      expect(await get(token, path)).toMatchObject({ errcode });
    });

    it('refuses an account path with a component token', async () => {
      expect(await get(platform.componentToken, DELETE)).toMatchObject({ errcode: 76022 });
    });
  });

  describe('clearing', () => {
    it('by clear_quota frees all counters of the account, ten times a month', async () => {
      const clear = (body: object) => platform.call('clear_quota', token, body);
      expect(await clear({ appid: 'wx1' })).toMatchObject({ errcode: 40013 });
      for (let i = 0; i < 10; i++) {
        await spend(10);
        expect(await clear({ appid })).toMatchObject({ errcode: 0 });
        expect(await used()).toBeUndefined();
      }
      expect(await clear({ appid })).toMatchObject({ errcode: 48006 });
    });

    it('is for verified accounts', async () => {
      const other = await platform.merchant({ verify_type: -1 });
      expect(await platform.call('clear_quota', other.accessToken, { appid: other.appid })).toMatchObject({
        errcode: 48001,
      });
    });

    it('by component/clear_quota/v2 needs the secret and an account that authorized', async () => {
      const clear = (change: object = {}) =>
        platform.call('component/clear_quota/v2', '', {
          component_appid: platform.appid,
          appsecret: platform.secret,
          appid,
          ...change,
        });
      await spend(10);
      expect(await clear({ component_appid: undefined })).toMatchObject({ errcode: 41002 });
      expect(await clear({ component_appid: 'wx1' })).toMatchObject({ errcode: 40013 });
      expect(await clear({ appsecret: undefined })).toMatchObject({ errcode: 41004 });
      expect(await clear({ appsecret: 'wrong' })).toMatchObject({ errcode: 40125 });
      expect(await clear({ appid: 'wx1' })).toMatchObject({ errcode: 43007 });
      expect(await used()).toBe(10);
      expect(await clear()).toMatchObject({ errcode: 0 });
      expect(await used()).toBeUndefined();
      expect(await clear({ appid: undefined })).toMatchObject({ errcode: 0 });
    });

    it('takes the parameters of component/clear_quota/v2 from the query, too', async () => {
      await spend(10);
      const query = new URLSearchParams({ component_appid: platform.appid, appsecret: platform.secret, appid });
      const response = await fetch(`${platform.simulator.url}/cgi-bin/component/clear_quota/v2?${query.toString()}`, {
        method: 'POST',
      });
      expect(await response.json()).toMatchObject({ errcode: 0 });
      expect(await used()).toBeUndefined();
    });

    it('by openapi/quota/clear frees one API', async () => {
      await spend(10);
      await platform.call('message/mass/get', token, { msg_id: 1 });
      expect(await platform.call('openapi/quota/clear', token, { cgi_path: DELETE })).toMatchObject({ errcode: 0 });
      expect(await platform.control('GET', `merchants/${appid}/quotas`)).toMatchObject({ 'mass/get': { used: 1 } });
      expect(await used()).toBeUndefined();
    });
  });

  describe('openapi/rid/get', () => {
    const get = (rid: string, accessToken = token) => platform.call('openapi/rid/get', accessToken, { rid });
    const ridOfFailure = async (): Promise<string> => {
      const { errmsg } = await platform.call('message/mass/delete', token, { msg_id: 77 });
      return / rid: (.*)$/.exec(errmsg)?.[1] ?? '';
    };

    it('tells what a failed call was, without secrets', async () => {
      const answer = await get(await ridOfFailure());
      expect(answer).toMatchObject({
        errcode: 0,
        request: { request_body: '{"msg_id":77}', client_ip: '127.0.0.1', cost_in_ms: expect.any(Number) },
      });
      expect(answer.request.response_body).toContain('40059');
      expect(JSON.stringify(answer)).not.toContain(token);
    });

    it('knows its own account only, well-formed ids, and seven days', async () => {
      const rid = await ridOfFailure();
      const other = await platform.merchant();
      expect(await get(rid, other.accessToken)).toMatchObject({ errcode: 76003 });
      expect(await get('12345678-12345678-12345678')).toMatchObject({ errcode: 76001 });
      expect(await get('hello')).toMatchObject({ errcode: 76002 });
      await platform.control('POST', 'clock/advance', { ms: 7 * 86_400_000 + 1000 });
      const { authorizer_access_token: fresh } = await platform.control(
        'POST',
        `platforms/${platform.appid}/authorizers/${appid}/tokens`,
        { action: 'issue_token' },
      );
      expect(await get(rid, fresh)).toMatchObject({ errcode: 76004 });
      await platform.control('PUT', 'clock', { offset_ms: 0 });
    });
  });

  it.each(['getcallbackip', 'get_api_domain_ip'])('lists addresses: %s', async (name) => {
    const response = await fetch(`${platform.simulator.url}/cgi-bin/${name}?access_token=${token}`);
    expect(await response.json()).toEqual({ ip_list: expect.arrayContaining(['127.0.0.1']) });
  });

  it('checks the network to the callback URL', async () => {
    const check = (body: object) => platform.call('callback/check', token, body);
    expect(await check({ action: 'all', check_operator: 'DEFAULT' })).toMatchObject({
      dns: [{ ip: '127.0.0.1', real_operator: 'CAP' }],
      ping: [{ package_loss: '0%' }],
    });
    expect(await check({ action: 'dns', check_operator: 'UNICOM' })).not.toHaveProperty('ping');
    expect(await check({ action: 'look', check_operator: 'CAP' })).toMatchObject({ errcode: 40202 });
    expect(await check({ action: 'all', check_operator: 'MOON' })).toMatchObject({ errcode: 40203 });
  });
});
