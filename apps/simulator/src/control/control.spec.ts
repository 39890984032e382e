import { createSimulator } from '../simulator.js';
import { TestPlatform, type Json } from '../../../../test/simulator-platform.js';

describe('the control API', () => {
  let platform: TestPlatform;

  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.close());

  it('makes many accounts and messages at once, which the platform finds by the list', async () => {
    await platform.logIn();
    const { data } = await platform.control('POST', 'merchants/bulk', {
      count: 600,
      template: { nick_name: 'Chain', consent: [7] },
      messages: 3,
      articles: 2,
      component_appid: platform.appid,
      push: false,
    });
    expect(data).toHaveLength(600);
    expect(data[0]).toEqual({ appid: expect.stringMatching(/^wx[0-9a-f]{16}$/), first_msg_id: '3147483661' });
    const page = await platform.component('api_get_authorizer_list', { offset: 500, count: 500 });
    expect(page).toMatchObject({ total_count: 600 });
    expect(page.list).toHaveLength(100);
    expect(await platform.control('GET', 'stats')).toMatchObject({ merchants: 600, messages: 1800, delete_effects: 0 });
    const listed = await platform.control('GET', 'merchants?limit=1&offset=599');
    expect(listed).toMatchObject({ total_count: 600, data: [{ appid: data[599].appid, nick_name: 'Chain' }] });
  });

  it('sends many messages', async () => {
    const { appid } = await platform.control('POST', 'merchants', {});
    const { data } = await platform.control('POST', `merchants/${appid}/mass-messages`, { count: 50, push: false });
    expect(data.map((message: Json) => message.msg_id)).toEqual(
      Array.from({ length: 50 }, (_, i) => `${3147483661 + i}`),
    );
  });

  it('follows the redirect after a consent, as the browser would', async () => {
    const { appid } = await platform.control('POST', 'merchants', {});
    const link = new URL('https://open.weixin.qq.com/wxaopen/safe/bindcomponent');
    link.search = new URLSearchParams({
      component_appid: platform.appid,
      pre_auth_code: (await platform.component('api_create_preauthcode')).pre_auth_code,
      redirect_uri: `${platform.simulator.url}/_control/settings?state=1`,
    }).toString();
    const input = { link: `${link.href}#wechat_redirect`, authorizer_appid: appid, follow_redirect: true };
    expect(await platform.control('POST', 'consents', input)).toMatchObject({
      pushed: 'authorized',
      redirect: { status: 200 },
    });
    await expect(platform.control('POST', 'consents', input)).rejects.toThrow('400');
  });

  it('expires, loses and issues tokens', async () => {
    const { appid, accessToken } = await platform.merchant();
    const act = (action: string, account?: string) =>
      platform.control('POST', `platforms/${platform.appid}${account ? `/authorizers/${account}` : ''}/tokens`, {
        action,
      });
    const probe = async (token: string) => (await platform.call('message/mass/get', token, { msg_id: 1 })).errcode;
    await act('expire_tokens', appid);
    expect(await probe(accessToken)).toBe(42001);
    const { authorizer_access_token: next } = await act('issue_token', appid);
    expect(await probe(next)).toBe(40059);
    await act('lose_tokens', appid);
    expect(await probe(next)).toBe(40001);
    await act('lose_tokens');
    expect(await platform.component('api_create_preauthcode')).toMatchObject({ errcode: 40001 });
    platform.componentToken = (await act('issue_token')).component_access_token;
    expect(await platform.component('api_create_preauthcode')).toMatchObject({ expires_in: 1800 });
    await act('expire_tickets');
    await expect(platform.logIn()).resolves.toBeUndefined();
    expect(platform.componentToken).toBeUndefined();
    await platform.control('POST', `platforms/${platform.appid}/ticket`);
    await platform.logIn();
    expect(platform.componentToken).toBeDefined();
  });

  it('loses the event of a de-authorization if told so', async () => {
    const { appid, accessToken } = await platform.merchant();
    await platform.control('POST', `platforms/${platform.appid}/authorizers/${appid}/deauthorize?silent=true`);
    expect(await platform.call('message/mass/get', accessToken, { msg_id: 1 })).toMatchObject({ errcode: 61003 });
    expect((await platform.control('GET', `pushes?kind=unauthorized&authorizer_appid=${appid}`)).data).toEqual([]);
  });

  it.each([
    ['platforms', { component_appid: 'nonsense' }],
    ['platforms', { encoding_aes_key: 'short' }],
    ['platforms', { events_url: 'ftp://a.example/' }],
    ['merchants', { colour: 'red' }],
    ['faults', { outcome: 'miracle' }],
  ])('refuses a wrong %s: %j', async (path, body) => {
    await expect(platform.control('POST', path, body)).rejects.toThrow('400');
  });

  it('does not replace an account', async () => {
    const account = await platform.control('POST', 'merchants', {});
    await expect(platform.control('POST', 'merchants', { appid: account.appid })).rejects.toThrow('409');
  });

  it.each(['platforms/wx0', 'merchants/wx0', 'merchants/wx0/mass-messages', 'nowhere'])('has no %s', async (path) => {
    await expect(platform.control('GET', path)).rejects.toThrow('404');
  });

  it('describes itself, with a schema for every body', async () => {
    const document = await platform.control('GET', 'openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
      Object.entries<Json>(item).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(35);
    expect(operations.filter(({ summary }) => !summary).map(({ name }) => name)).toEqual([]);
    const faults = document.paths['/_control/faults'].post.requestBody.content['application/json'].schema;
    expect(faults.properties.outcome.enum).toContain('reset');
    for (const page of ['', '/docs']) {
      const response = await fetch(`${platform.simulator.url}/_control${page}`);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(await response.text()).toContain('WeChat simulator');
    }
    expect((await fetch(`${platform.simulator.url}/_control/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });

  it('forgets everything on reset, and begins anew as from the start', async () => {
    const simulator = await createSimulator({ seed: 7 });
    const control = async (method: string, path: string, body?: object): Promise<Json> => {
      const response = await fetch(`${simulator.url}/_control/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
      return response.status === 204 ? undefined : response.json();
    };
    const first = await control('POST', 'platforms', {});
    await control('PATCH', 'settings', { token_lifetime_s: 5 });
    await control('PUT', 'clock', { offset_ms: 5000 });
    await control('POST', 'faults', { outcome: 'reset' });
    await control('POST', 'reset');
    expect(await control('GET', 'platforms')).toEqual({ data: [] });
    expect(await control('GET', 'settings')).toMatchObject({ token_lifetime_s: 7200 });
    expect(await control('GET', 'clock')).toMatchObject({ offset_ms: 0 });
    expect(await control('GET', 'faults')).toEqual({ data: [] });
    expect(await control('POST', 'platforms', {})).toMatchObject({
      component_appid: first.component_appid,
      encoding_aes_key: first.encoding_aes_key,
    });
    await control('POST', 'reset', { seed: 8 });
    const other = await control('POST', 'platforms', {});
    expect(other.component_appid).not.toBe(first.component_appid);
    await simulator.close();
  });

  it('shares nothing between two simulators', async () => {
    const other = await createSimulator();
    const response = await fetch(`${other.url}/_control/platforms`);
    expect(await response.json()).toEqual({ data: [] });
    await other.close();
  });
});
