import { authorizationLinks } from './authorization-page.js';

const options = {
  mpUrl: 'https://mp.weixin.qq.com',
  openUrl: 'https://open.weixin.qq.com/',
  componentAppid: 'wxcomponent',
  preAuthCode: 'preauthcode@@@Cx',
  redirectUri: 'https://example.com/authorize/wxcomponent/callback?state=a&b=中',
};

function read(link: string) {
  const url = new URL(link);
  return { page: url.origin + url.pathname, hash: url.hash, query: Object.fromEntries(url.searchParams) };
}

describe('authorizationLinks', () => {
  it('leads to the QR page and to the page inside WeChat, for official accounts only', () => {
    const { pc, mobile } = authorizationLinks(options);
    const query = {
      component_appid: 'wxcomponent',
      pre_auth_code: 'preauthcode@@@Cx',
      redirect_uri: 'https://example.com/authorize/wxcomponent/callback?state=a&b=中',
      auth_type: '1',
    };
    expect(read(pc)).toEqual({ page: 'https://mp.weixin.qq.com/cgi-bin/componentloginpage', hash: '', query });
    expect(read(mobile)).toEqual({
      page: 'https://open.weixin.qq.com/wxaopen/safe/bindcomponent',
      hash: '#wechat_redirect',
      query: { action: 'bindcomponent', no_scan: '1', ...query },
    });
  });

  it('can pin one account', () => {
    const { pc, mobile } = authorizationLinks({ ...options, authType: 3, bizAppid: 'wxf8' });
    expect(read(pc).query).toMatchObject({ auth_type: '3', biz_appid: 'wxf8' });
    expect(read(mobile).query).toMatchObject({ auth_type: '3', biz_appid: 'wxf8' });
  });
});
