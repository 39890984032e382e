import { request as httpRequest } from 'node:http';
import { TestPlatform } from '../../../../test/simulator-platform.js';

describe('the open API', () => {
  let platform: TestPlatform;
  let url: string;
  const now = { value: Date.UTC(2026, 10, 23, 2) };

  beforeAll(async () => {
    platform = await TestPlatform.start({ clock: { now: () => now.value } });
    await platform.logIn();
    url = platform.simulator.url;
  });
  afterAll(() => platform.close());
  afterEach(() => platform.control('DELETE', 'faults'));

  const listPath = '/cgi-bin/component/api_get_authorizer_list';
  const listBody = () => JSON.stringify({ component_appid: platform.appid, offset: 0, count: 10 });

  it('answers errors with HTTP 200, its own content type and a rid', async () => {
    const response = await fetch(`${url}${listPath}?access_token=12_nobody`, { method: 'POST', body: listBody() });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; encoding=utf-8');
    expect(await response.json()).toEqual({
      errcode: 40001,
      errmsg: expect.stringMatching(/^invalid credential.* rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/),
    });
  });

  it.each(['access_token', 'component_access_token'])('takes the token as %s', async (name) => {
    const response = await fetch(`${url}${listPath}?${name}=${platform.componentToken}`, {
      method: 'POST',
      body: listBody(),
    });
    expect(await response.json()).toMatchObject({ total_count: expect.any(Number) });
  });

  it.each([
    'text/plain',
    'json',
    '',
    'application/json',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
  ])('reads JSON whatever the content type says: %s', async (type) => {
    const response = await fetch(`${url}${listPath}?access_token=${platform.componentToken}`, {
      method: 'POST',
      body: Buffer.from(listBody()),
      headers: { 'content-type': type },
    });
    expect(await response.json()).toMatchObject({ total_count: expect.any(Number) });
  });

  it('turns a chunked body away with 412, as there is no Content-Length', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}${listPath}?access_token=${platform.componentToken}`, {
        method: 'POST',
        headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
      });
      request.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      request.end(listBody());
    });
    expect(status).toBe(412);
    const { data } = await platform.control('GET', 'calls?limit=1');
    expect(data[0]).toMatchObject({ operation: 'api_get_authorizer_list', http_status: 412 });
  });

  it.each([
    ['an empty body', '', 44002],
    ['no JSON', '{"component_appid":', 47001],
    ['a list', '[]', 47001],
    ['a byte order mark', '\ufeff{}', 47001],
    ['an escaped character', '{"component_appid":"\\u0077x1"}', 47002],
    ['an escaped character after an escaped backslash', '{"a":"\\\\\\u4e2d"}', 47002],
    ['an escaped backslash before a u', '{"a":"\\\\u4e2d"}', 41018],
  ])('judges %s', async (_what, body, errcode) => {
    expect(await platform.callText('component/api_get_authorizer_list', platform.componentToken, body)).toMatchObject({
      errcode,
    });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const response = await fetch(`${url}${listPath}?access_token=${platform.componentToken}`, {
      method: 'POST',
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect(await response.json()).toMatchObject({ errcode: 47001 });
  });

  it('asks for the right method', async () => {
    const got = await fetch(`${url}${listPath}?access_token=${platform.componentToken}`);
    expect(await got.json()).toMatchObject({ errcode: 43002 });
    const posted = await platform.call('getcallbackip', platform.componentToken, {});
    expect(posted).toMatchObject({ errcode: 43001 });
  });

  it('knows no other paths', async () => {
    expect(await platform.call('message/mass/undo', platform.componentToken, {})).toMatchObject({
      errcode: 40066,
      errmsg: expect.stringMatching(/^invalid url rid: /),
    });
    expect((await fetch(`${url}/`)).status).toBe(200);
  });

  it.each([
    ['', 41001],
    ['nonsense', 40014],
    [`12_${'x'.repeat(140)}`, 40001],
  ])('refuses the token %j', async (token, errcode) => {
    expect(await platform.call('component/api_get_authorizer_list', token, {})).toMatchObject({ errcode });
  });

  it('tells component tokens and account tokens apart', async () => {
    const { accessToken } = await platform.merchant();
    expect(await platform.call('component/api_get_authorizer_list', accessToken, {})).toMatchObject({ errcode: 61014 });
    expect(await platform.call('message/mass/get', platform.componentToken, { msg_id: 1 })).toMatchObject({
      errcode: 61015,
    });
  });

  it('lets only registered addresses call', async () => {
    const { accessToken } = await platform.merchant();
    await platform.control('PATCH', `platforms/${platform.appid}`, { ip_list: ['10.0.0.1'] });
    for (const token of [platform.componentToken, accessToken]) {
      const path = token === accessToken ? 'message/mass/get' : 'component/api_get_authorizer_list';
      expect(await platform.call(path, token, {})).toMatchObject({
        errcode: 61004,
        errmsg: expect.stringContaining('127.0.0.1'),
      });
    }
    await platform.control('PATCH', `platforms/${platform.appid}`, { ip_list: ['127.0.0.1'] });
    expect(await platform.component('api_create_preauthcode')).toMatchObject({ expires_in: 1800 });
    await platform.control('PATCH', `platforms/${platform.appid}`, { ip_list: null });
  });

  describe('with faults', () => {
    let appid: string;
    let token: string;

    beforeEach(async () => {
      ({ appid, accessToken: token } = await platform.merchant());
      await platform.control('POST', `merchants/${appid}/mass-messages`, { push: false });
    });

    const deleteArticle = (articleIdx: number) =>
      platform.call('message/mass/delete', token, { msg_id: 3147483661, article_idx: articleIdx });
    const message = () => platform.control('GET', `merchants/${appid}/mass-messages/3147483661`);

    it('answers the next call with an errcode and does nothing', async () => {
      await platform.control('POST', 'faults', { operation: 'mass/delete', outcome: 'errcode', errcode: -1 });
      expect(await deleteArticle(1)).toMatchObject({ errcode: -1, errmsg: expect.stringMatching(/^system error rid/) });
      expect(await message()).toMatchObject({ delete_calls: 0, delete_effects: 0 });
      expect(await deleteArticle(1)).toMatchObject({ errcode: 0 });
      const quotas = await platform.control('GET', `merchants/${appid}/quotas`);
      expect(quotas['mass/delete']).toMatchObject({ used: 2, remain: 8 });
    });

    it('answers with an error although the call took effect, so many times', async () => {
      await platform.control('POST', 'faults', {
        operation: 'mass/delete',
        authorizer_appid: appid,
        outcome: 'errcode',
        errcode: 40060,
        takes_effect: true,
        times: 2,
      });
      expect(await deleteArticle(1)).toMatchObject({ errcode: 40060 });
      expect(await deleteArticle(2)).toMatchObject({ errcode: 40060 });
      expect(await deleteArticle(2)).toMatchObject({ errcode: 40065 });
      expect(await message()).toMatchObject({ status: 'DELETE', delete_calls: 3, delete_effects: 2 });
    });

    it('strikes only the account it is meant for', async () => {
      const other = await platform.merchant();
      await platform.control('POST', 'faults', { authorizer_appid: other.appid, outcome: 'errcode', errcode: -1 });
      expect(await deleteArticle(1)).toMatchObject({ errcode: 0 });
      expect(
        await platform.component('api_authorizer_token', {
          authorizer_appid: other.appid,
          authorizer_refresh_token: other.refreshToken,
        }),
      ).toMatchObject({ errcode: -1 });
    });

    it.each([true, false])('resets the connection, the call having taken effect: %s', async (takesEffect) => {
      await platform.control('POST', 'faults', { outcome: 'reset', takes_effect: takesEffect });
      await expect(deleteArticle(1)).rejects.toThrow('fetch failed');
      expect(await message()).toMatchObject({ delete_effects: takesEffect ? 1 : 0 });
      const { data } = await platform.control('GET', 'calls?limit=1&operation=mass/delete');
      expect(data[0]).toMatchObject({ http_status: null, fault: expect.stringContaining('reset') });
    });

    it('never answers, though the call took effect', async () => {
      await platform.control('POST', 'faults', { outcome: 'timeout', takes_effect: true });
      const answer = fetch(`${url}/cgi-bin/message/mass/delete?access_token=${token}`, {
        method: 'POST',
        body: JSON.stringify({ msg_id: 3147483661, article_idx: 0 }),
        signal: AbortSignal.timeout(300),
      });
      await expect(answer).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(await message()).toMatchObject({ status: 'DELETE', delete_effects: 1 });
    });

    it('answers with an HTTP status, or with something that is not JSON', async () => {
      await platform.control('POST', 'faults', { outcome: 'http', http_status: 503 });
      await platform.control('POST', 'faults', { outcome: 'garbage' });
      const post = () =>
        fetch(`${url}${listPath}?access_token=${platform.componentToken}`, { method: 'POST', body: '{}' });
      expect((await post()).status).toBe(503);
      const garbage = await post();
      expect(garbage.status).toBe(200);
      expect(await garbage.text()).toMatch(/^<html>/);
    });

    it('takes its time', async () => {
      await platform.control('PUT', 'latencies', {
        operation: 'mass/delete',
        latency: { distribution: 'fixed', ms: 60 },
      });
      await deleteArticle(1);
      const { data } = await platform.control('GET', 'calls?limit=1&operation=mass/delete');
      expect(data[0].latency_ms).toBeGreaterThan(55);
      await platform.control('PUT', 'latencies', { operation: 'mass/delete', latency: null });
    });
  });

  it('shows no secret in its log', async () => {
    const { refreshToken, appid, accessToken } = await platform.merchant();
    await platform.component('api_authorizer_token', {
      authorizer_appid: appid,
      authorizer_refresh_token: refreshToken,
    });
    const log = JSON.stringify(await platform.control('GET', 'calls?limit=1000'));
    for (const secret of [platform.componentToken, platform.secret, platform.ticket(), refreshToken, accessToken]) {
      expect(log).not.toContain(secret);
    }
    expect(log).toContain('sha256:');
  });

  it('filters its log and counts calls', async () => {
    const { appid, accessToken } = await platform.merchant();
    await platform.call('message/mass/get', accessToken, { msg_id: '99' });
    const found = await platform.control('GET', `calls?operation=mass/get&authorizer_appid=${appid}&errcode=40059`);
    expect(found.data).toHaveLength(1);
    expect(found.data[0]).toMatchObject({ request: { msg_id: '99' }, http_status: 200, errcode: 40059 });
    const { calls } = await platform.control('GET', 'stats');
    expect(calls.by_operation['mass/get']['40059']).toBeGreaterThanOrEqual(1);
    const after = await platform.control('GET', `calls?since=${found.data[0].seq}`);
    expect(after.data).toEqual([]);
  });
});
