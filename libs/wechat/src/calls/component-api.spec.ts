import { ComponentApi } from './component-api.js';
import {
  AuthorizationCodeInvalid,
  PlatformBroken,
  RefreshTokenInvalid,
  TicketInvalid,
  UnknownOutcome,
} from './errors.js';
import { StubServer } from '../../test/stub-server.js';
import { WechatTransport } from './transport.js';

const server = new StubServer();
let transport: WechatTransport;
let api: ComponentApi;
const component = { componentAccessToken: 'COMPONENT_TOKEN', componentAppid: 'wxcomponent' };

beforeEach(async () => {
  await server.start();
  transport = new WechatTransport({ baseUrl: server.url });
  api = new ComponentApi(transport);
});

afterEach(async () => {
  await server.stop();
  await transport.close();
});

const sent = () => server.seen.map(({ url, body }) => ({ url, body: JSON.parse(body.toString()) }));

describe('api_start_push_ticket', () => {
  it('sends the secret under its own name and no token', async () => {
    server.answers('{"errcode":0,"errmsg":"ok"}');
    await api.startPushTicket({ componentAppid: 'wxcomponent', componentSecret: 'S' });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_start_push_ticket',
        body: { component_appid: 'wxcomponent', component_secret: 'S' },
      },
    ]);
  });
});

describe('api_component_token', () => {
  const request = { componentAppid: 'wxcomponent', componentAppsecret: 'S', componentVerifyTicket: 'ticket@@@T' };

  it('gives a token', async () => {
    server.answers('{"component_access_token":"61W3","expires_in":7200}');
    await expect(api.componentToken(request)).resolves.toEqual({
      componentAccessToken: '61W3',
      expiresInSeconds: 7200,
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_component_token',
        body: { component_appid: 'wxcomponent', component_appsecret: 'S', component_verify_ticket: 'ticket@@@T' },
      },
    ]);
  });

  it('fails for want of a ticket', async () => {
    server.answers('{"errcode":61006,"errmsg":"component ticket is invalid"}');
    await expect(api.componentToken(request)).rejects.toBeInstanceOf(TicketInvalid);
  });

  it('says that the secret is wrong rather than asking for a refresh', async () => {
    server.answers('{"errcode":40001,"errmsg":"invalid credential"}');
    await expect(api.componentToken(request)).rejects.toBeInstanceOf(PlatformBroken);
  });

  it.each([
    '',
    ',"expires_in":null',
    ',"expires_in":"soon"',
    ',"expires_in":-1',
    ',"expires_in":1e99',
    ',"expires_in":{}',
  ])('counts on the documented lifetime where the answer tells none (%s)', async (part) => {
    server.answers(`{"component_access_token":"t"${part}}`);
    await expect(api.componentToken(request)).resolves.toEqual({ componentAccessToken: 't', expiresInSeconds: 7200 });
  });

  it.each(['{}', '{"component_access_token":"","expires_in":7200}', '{"component_access_token":7,"expires_in":7200}'])(
    'takes %s for no answer',
    async (answer) => {
      server.answers(answer);
      await expect(api.componentToken(request)).rejects.toMatchObject({
        constructor: UnknownOutcome,
        reason: 'malformed',
      });
    },
  );
});

describe('api_create_preauthcode', () => {
  it('gives a code', async () => {
    server.answers('{"pre_auth_code":"preauthcode@@@Cx","expires_in":"600"}');
    await expect(api.createPreAuthCode(component)).resolves.toEqual({
      preAuthCode: 'preauthcode@@@Cx',
      expiresInSeconds: 600,
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_create_preauthcode?access_token=COMPONENT_TOKEN',
        body: { component_appid: 'wxcomponent' },
      },
    ]);
  });
});

describe('api_query_auth', () => {
  const request = { ...component, authorizationCode: 'queryauthcode@@@Q' };

  it('gives the grant', async () => {
    server.answers(`{"authorization_info":{"authorizer_appid":"wxf8","authorizer_access_token":"QX","expires_in":7200,
      "authorizer_refresh_token":"refreshtoken@@@R","func_info":[
        {"funcscope_category":{"id":1,"type":0,"name":"x","desc":"y"}},
        {"funcscope_category":{"id":7},"confirm_info":{"need_confirm":0,"already_confirm":0,"can_confirm":0}}]}}`);
    await expect(api.queryAuth(request)).resolves.toEqual({
      authorizerAppid: 'wxf8',
      authorizerAccessToken: 'QX',
      expiresInSeconds: 7200,
      authorizerRefreshToken: 'refreshtoken@@@R',
      permissionSets: [1, 7],
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_query_auth?access_token=COMPONENT_TOKEN',
        body: { component_appid: 'wxcomponent', authorization_code: 'queryauthcode@@@Q' },
      },
    ]);
  });

  it('gives an account without API rights without tokens', async () => {
    server.answers('{"authorization_info":{"authorizer_appid":"wxf8","authorizer_refresh_token":"","func_info":[]}}');
    await expect(api.queryAuth(request)).resolves.toEqual({
      authorizerAppid: 'wxf8',
      authorizerAccessToken: undefined,
      expiresInSeconds: undefined,
      authorizerRefreshToken: undefined,
      permissionSets: [],
    });
  });

  it.each([
    ['a set without an id', '[{"funcscope_category":{}},{"funcscope_category":{"id":7}}]', [7]],
    ['null among the sets', '[null,{"funcscope_category":null},{"funcscope_category":{"id":"7"}},7,"x",[]]', [7]],
    [
      'ids that are none',
      '[{"funcscope_category":{"id":1.5}},{"funcscope_category":{"id":1e12}},{"funcscope_category":{"id":"x"}}]',
      [],
    ],
    ['sets that are no list', '{"funcscope_category":{"id":7}}', []],
    ['null for the sets', 'null', []],
  ])('keeps the grant beside %s', async (_, sets, permissionSets) => {
    server.answers(`{"authorization_info":{"authorizer_appid":"wxf8","authorizer_access_token":"QX","expires_in":"soon",
      "authorizer_refresh_token":"refreshtoken@@@R","func_info":${sets}}}`);
    await expect(api.queryAuth(request)).resolves.toEqual({
      authorizerAppid: 'wxf8',
      authorizerAccessToken: 'QX',
      expiresInSeconds: undefined,
      authorizerRefreshToken: 'refreshtoken@@@R',
      permissionSets,
    });
  });

  it('keeps the grant in an answer with raw control characters and bad UTF-8', async () => {
    server.answer = (response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        Buffer.concat([
          Buffer.from(
            '\ufeff{"authorization_info":{"authorizer_appid":"wxf8","authorizer_refresh_token":"R","new":"\u0014\n',
          ),
          Buffer.from([0xe6, 0xb8]),
          Buffer.from('","func_info":[{"funcscope_category":{"id":7}}]}}'),
        ]),
      );
    };
    await expect(api.queryAuth(request)).resolves.toMatchObject({
      authorizerAppid: 'wxf8',
      authorizerRefreshToken: 'R',
      permissionSets: [7],
    });
  });

  it.each([
    '{}',
    '{"authorization_info":null}',
    '{"authorization_info":{"authorizer_appid":"","authorizer_refresh_token":"R"}}',
  ])('takes %s for no answer: it does not say whose grant this is', async (answer) => {
    server.answers(answer);
    await expect(api.queryAuth(request)).rejects.toMatchObject({ constructor: UnknownOutcome, reason: 'malformed' });
  });

  it.each([61009, 61010])('fails with %i for a bad code', async (errcode) => {
    server.answers(JSON.stringify({ errcode, errmsg: 'code is invalid: queryauthcode@@@Q' }));
    const error: unknown = await api.queryAuth(request).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthorizationCodeInvalid);
    expect(error).toMatchObject({ errmsg: 'code is invalid: [redacted]' });
  });
});

describe('api_authorizer_token', () => {
  const request = { ...component, authorizerAppid: 'wxf8', authorizerRefreshToken: 'refreshtoken@@@R' };

  it('gives a token and the refresh token to store', async () => {
    server.answers(
      '{"authorizer_access_token":"AT","expires_in":7200,"authorizer_refresh_token":"refreshtoken@@@R2","new":1}',
    );
    await expect(api.authorizerToken(request)).resolves.toEqual({
      authorizerAccessToken: 'AT',
      expiresInSeconds: 7200,
      authorizerRefreshToken: 'refreshtoken@@@R2',
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_authorizer_token?access_token=COMPONENT_TOKEN',
        body: {
          component_appid: 'wxcomponent',
          authorizer_appid: 'wxf8',
          authorizer_refresh_token: 'refreshtoken@@@R',
        },
      },
    ]);
  });

  it.each(['', ',"authorizer_refresh_token":""', ',"authorizer_refresh_token":null'])(
    'gives no refresh token where WeChat gives none (%s)',
    async (part) => {
      server.answers(`{"authorizer_access_token":"AT","expires_in":7200${part}}`);
      expect((await api.authorizerToken(request)).authorizerRefreshToken).toBeUndefined();
    },
  );

  it.each(['', ',"expires_in":null', ',"expires_in":"x","authorizer_refresh_token":7'])(
    'gives the token also where WeChat says no more that can be read (%s)',
    async (part) => {
      server.answers(`{"authorizer_access_token":"AT"${part}}`);
      await expect(api.authorizerToken(request)).resolves.toEqual({
        authorizerAccessToken: 'AT',
        expiresInSeconds: 7200,
        authorizerRefreshToken: undefined,
      });
    },
  );

  it('takes an answer without a token for none', async () => {
    server.answers('{"authorizer_access_token":null,"expires_in":7200,"authorizer_refresh_token":"R"}');
    await expect(api.authorizerToken(request)).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('fails when the refresh token is void', async () => {
    server.answers('{"errcode":61023,"errmsg":"refresh_token is invalid"}');
    await expect(api.authorizerToken(request)).rejects.toBeInstanceOf(RefreshTokenInvalid);
  });
});

describe('api_get_authorizer_info', () => {
  it('gives the account and its grant', async () => {
    server.answers(`{"authorizer_info":{"nick_name":"美妆","head_img":"http://h","service_type_info":{"id":2},
      "verify_type_info":{"id":-1},"user_name":"gh_1","principal_name":"公司","alias":"","business_info":{"open_pay":0},
      "qrcode_url":"http://q","account_status":1},
      "authorization_info":{"authorizer_appid":"wxf8","func_info":[{"funcscope_category":{"id":7}}]}}`);
    await expect(api.getAuthorizerInfo({ ...component, authorizerAppid: 'wxf8' })).resolves.toEqual({
      nickName: '美妆',
      headImg: 'http://h',
      userName: 'gh_1',
      alias: undefined,
      principalName: '公司',
      qrcodeUrl: 'http://q',
      serviceType: 2,
      verifyType: -1,
      accountStatus: 1,
      isMiniProgram: false,
      authorizerAppid: 'wxf8',
      authorizerRefreshToken: undefined,
      permissionSets: [7],
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_get_authorizer_info?access_token=COMPONENT_TOKEN',
        body: { component_appid: 'wxcomponent', authorizer_appid: 'wxf8' },
      },
    ]);
  });

  it('reads the account beside fields of odd types', async () => {
    server.answers(`{"authorizer_info":{"nick_name":12345,"head_img":null,"service_type_info":null,"verify_type_info":{"id":"0"},
      "user_name":["gh_1"],"principal_name":{},"alias":false,"qrcode_url":"http://q\u0000","account_status":1e12,
      "MiniProgramInfo":""},"authorization_info":[]}`);
    await expect(api.getAuthorizerInfo({ ...component, authorizerAppid: 'wxf8' })).resolves.toEqual({
      nickName: '12345',
      headImg: undefined,
      userName: undefined,
      alias: undefined,
      principalName: undefined,
      qrcodeUrl: 'http://q',
      serviceType: undefined,
      verifyType: 0,
      accountStatus: undefined,
      isMiniProgram: false,
      authorizerAppid: undefined,
      authorizerRefreshToken: undefined,
      permissionSets: [],
    });
  });

  it('reads the account without anything beside it', async () => {
    server.answers(
      '{"authorizer_info":{"nick_name":"\u0014琦娅🍭","signature":"one\ntwo","service_type_info":{"id":2}}}',
    );
    await expect(api.getAuthorizerInfo({ ...component, authorizerAppid: 'wxf8' })).resolves.toMatchObject({
      nickName: '\u0014琦娅🍭',
      serviceType: 2,
      permissionSets: [],
    });
  });

  it.each(['{}', '{"authorizer_info":null}', '{"authorizer_info":[]}'])('takes %s for no answer', async (answer) => {
    server.answers(answer);
    await expect(api.getAuthorizerInfo({ ...component, authorizerAppid: 'wxf8' })).rejects.toMatchObject({
      reason: 'malformed',
    });
  });

  it('tells a mini program by the field that only mini programs have', async () => {
    server.answers('{"authorizer_info":{"MiniProgramInfo":{"network":{}}},"authorization_info":{"appid":"wxm"}}');
    await expect(api.getAuthorizerInfo({ ...component, authorizerAppid: 'wxm' })).resolves.toMatchObject({
      isMiniProgram: true,
      authorizerAppid: 'wxm',
      permissionSets: [],
    });
  });
});

describe('api_get_authorizer_list', () => {
  it('gives a page', async () => {
    server.answers(`{"total_count":33,"list":[
      {"authorizer_appid":"wx1","refresh_token":"refreshtoken@@@1","auth_time":1558000607},
      {"authorizer_appid":"wx2","refresh_token":"","auth_time":1558000608}]}`);
    await expect(api.getAuthorizerList({ ...component, offset: 0, count: 500 })).resolves.toEqual({
      totalCount: 33,
      authorizers: [
        { authorizerAppid: 'wx1', refreshToken: 'refreshtoken@@@1', authTime: 1558000607 },
        { authorizerAppid: 'wx2', refreshToken: undefined, authTime: 1558000608 },
      ],
      skipped: 0,
    });
    expect(sent()).toEqual([
      {
        url: '/cgi-bin/component/api_get_authorizer_list?access_token=COMPONENT_TOKEN',
        body: { component_appid: 'wxcomponent', offset: 0, count: 500 },
      },
    ]);
  });

  it('gives an empty page', async () => {
    server.answers('{"total_count":0,"list":[]}');
    await expect(api.getAuthorizerList({ ...component, offset: 500, count: 500 })).resolves.toEqual({
      totalCount: 0,
      authorizers: [],
      skipped: 0,
    });
  });

  it('passes over entries without an appid, and takes odd fields for none', async () => {
    server.answers(`{"total_count":"7","list":[null,{},{"authorizer_appid":"","refresh_token":"R"},"wx0",{"authorizer_appid":7},
      {"authorizer_appid":"wx1","refresh_token":null,"auth_time":"1558000607"},
      {"authorizer_appid":"wx2","refresh_token":["R"],"auth_time":9e99}]}`);
    await expect(api.getAuthorizerList({ ...component, offset: 0, count: 500 })).resolves.toEqual({
      totalCount: 7,
      authorizers: [
        { authorizerAppid: 'wx1', refreshToken: undefined, authTime: 1558000607 },
        { authorizerAppid: 'wx2', refreshToken: undefined, authTime: undefined },
      ],
      skipped: 5,
    });
  });

  it.each([
    ['{"total_count":33}', 33],
    ['{"total_count":33,"list":null}', 33],
    ['{"list":[]}', undefined],
  ])('takes %s for an empty page', async (answer, totalCount) => {
    server.answers(answer);
    await expect(api.getAuthorizerList({ ...component, offset: 0, count: 500 })).resolves.toEqual({
      totalCount,
      authorizers: [],
      skipped: 0,
    });
  });

  it('takes an answer without count and list for none', async () => {
    server.answers('{"errmsg":"hello"}');
    await expect(api.getAuthorizerList({ ...component, offset: 0, count: 500 })).rejects.toMatchObject({
      reason: 'malformed',
      errmsg: 'answer lacks total_count',
    });
  });
});
