import { TestPlatform } from '../../../test/simulator-platform.js';

describe('a platform and the simulator', () => {
  let platform: TestPlatform;

  beforeEach(async () => {
    platform = await TestPlatform.start();
  });
  afterEach(() => platform.close());

  it('go from the ticket to a deleted article', async () => {
    await platform.logIn();
    expect(platform.componentToken).toMatch(/^\d\d_[\w-]{130,}$/);

    const { pre_auth_code } = await platform.component('api_create_preauthcode');
    expect(pre_auth_code).toMatch(/^preauthcode@@@/);
    const { appid } = await platform.control('POST', 'merchants', { nick_name: 'Tea house' });
    const link = new URL('https://mp.weixin.qq.com/cgi-bin/componentloginpage');
    link.search = new URLSearchParams({
      component_appid: platform.appid,
      pre_auth_code,
      redirect_uri: `${platform.url}/back?state=abc`,
      auth_type: '3',
    }).toString();
    const consent = await platform.control('POST', 'consents', { link: link.href, authorizer_appid: appid });
    expect(consent.redirect_url).toContain('/back?state=abc&auth_code=queryauthcode%40%40%40');
    const event = await platform.pushed('authorized');
    expect(event.fields).toMatchObject({
      AppId: platform.appid,
      AuthorizerAppid: appid,
      AuthorizationCode: consent.auth_code,
      PreAuthCode: pre_auth_code,
    });

    const { authorization_info: info } = await platform.component('api_query_auth', {
      authorization_code: consent.auth_code,
    });
    expect(info).toMatchObject({ authorizer_appid: appid, expires_in: 7200 });
    expect(info.func_info).toContainEqual({ funcscope_category: { id: 7 } });
    const refreshed = await platform.component('api_authorizer_token', {
      authorizer_appid: appid,
      authorizer_refresh_token: info.authorizer_refresh_token,
    });
    expect(refreshed.authorizer_refresh_token).toBe(info.authorizer_refresh_token);
    const facts = await platform.component('api_get_authorizer_info', { authorizer_appid: appid });
    expect(facts.authorizer_info).toMatchObject({ nick_name: 'Tea house', verify_type_info: { id: 0 } });
    const list = await platform.component('api_get_authorizer_list', { offset: 0, count: 500 });
    expect(list).toMatchObject({
      total_count: 1,
      list: [{ authorizer_appid: appid, refresh_token: info.authorizer_refresh_token }],
    });

    const token = refreshed.authorizer_access_token;
    await platform.control('POST', `merchants/${appid}/materials`, { media_id: 'm1', articles: [{}, {}, {}] });
    const sent = await platform.call('message/mass/sendall', token, {
      filter: { is_to_all: false, tag_id: 2 },
      mpnews: { media_id: 'm1' },
      msgtype: 'mpnews',
    });
    expect(sent).toMatchObject({ errcode: 0, msg_id: 3147483661 });
    const finish = await platform.pushed('MASSSENDJOBFINISH');
    expect(finish).toMatchObject({
      path: `/messages/${appid}`,
      fields: { MsgID: '3147483661', Status: 'send success', ArticleUrlResult: { Count: '3' } },
    });
    expect(await platform.call('message/mass/delete', token, { msg_id: 3147483661, article_idx: 2 })).toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
    expect(await platform.call('message/mass/get', token, { msg_id: '3147483661' })).toEqual({
      msg_id: 3147483661,
      msg_status: 'SEND_SUCCESS',
    });
    const message = await platform.control('GET', `merchants/${appid}/mass-messages/3147483661`);
    expect(message.articles.map((article: { is_deleted: boolean }) => article.is_deleted)).toEqual([
      false,
      true,
      false,
    ]);
    expect(message).toMatchObject({ delete_calls: 1, delete_effects: 1 });

    await platform.control('POST', `platforms/${platform.appid}/authorizers/${appid}/deauthorize`);
    expect((await platform.pushed('unauthorized')).fields).toMatchObject({ AuthorizerAppid: appid });
    expect(await platform.call('message/mass/get', token, { msg_id: '3147483661' })).toMatchObject({ errcode: 61003 });
    expect(platform.refused).toEqual([]);
  });
});
