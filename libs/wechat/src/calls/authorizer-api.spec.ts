import { AuthorizerApi } from './authorizer-api.js';
import { AlreadyGone, UnknownOutcome } from './errors.js';
import { StubServer } from '../../test/stub-server.js';
import { WechatTransport } from './transport.js';

const server = new StubServer();
const accessToken = 'AUTHORIZER_TOKEN';
let transport: WechatTransport;
let api: AuthorizerApi;

beforeEach(async () => {
  await server.start();
  transport = new WechatTransport({ baseUrl: server.url });
  api = new AuthorizerApi(transport);
});

afterEach(async () => {
  await server.stop();
  await transport.close();
});

const sent = () => server.seen.map(({ url, body }) => `${url} ${body.toString()}`);

describe('mass/delete', () => {
  it.each([
    ['one article', { msgId: 3147483661n, articleIdx: 2 }, '{"msg_id":3147483661,"article_idx":2}'],
    ['a whole message, said explicitly', { msgId: 30124n, articleIdx: 0 }, '{"msg_id":30124,"article_idx":0}'],
    ['the widest id', { msgId: 9223372036854775807n, articleIdx: 1 }, '{"msg_id":9223372036854775807,"article_idx":1}'],
    ['a URL', { url: 'http://mp.weixin.qq.com/s?a=1&b=中' }, '{"url":"http://mp.weixin.qq.com/s?a=1&b=中"}'],
  ])('deletes %s', async (_, target, body) => {
    server.answers('{"errcode":0,"errmsg":"ok"}');
    await expect(api.massDelete({ accessToken, target })).resolves.toBeUndefined();
    expect(sent()).toEqual([`/cgi-bin/message/mass/delete?access_token=AUTHORIZER_TOKEN ${body}`]);
  });

  it('takes an errcode in quotes for what it says', async () => {
    server.answers('{"errcode":"0","errmsg":"ok"}');
    await expect(api.massDelete({ accessToken, target: { url: 'http://x' } })).resolves.toBeUndefined();
  });

  it('takes nothing but errcode 0 for a deletion', async () => {
    server.answers('{}');
    const target = { msgId: 1n, articleIdx: 1 };
    await expect(api.massDelete({ accessToken, target })).rejects.toBeInstanceOf(UnknownOutcome);
  });

  it('fails with the class of the errcode', async () => {
    server.answers('{"errcode":40065,"errmsg":"invalid status"}');
    const target = { msgId: 1n, articleIdx: 1 };
    await expect(api.massDelete({ accessToken, target })).rejects.toBeInstanceOf(AlreadyGone);
  });
});

describe('mass/delete, told in raw characters', () => {
  it('fails with the class of the errcode', async () => {
    server.answers('{"errcode":40065,"errmsg":"invalid \u0014 \u0000status\nrid: 65f0c1d2-1a2b3c4d-5e6f7a8b"}');
    const target = { msgId: 1n, articleIdx: 1 };
    const error: unknown = await api.massDelete({ accessToken, target }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AlreadyGone);
    expect(error).toMatchObject({ errcode: 40065, errmsg: expect.not.stringContaining('\u0000') });
  });

  it('takes two errcodes that differ for no answer', async () => {
    server.answers('{"errcode":40065,"errmsg":"invalid status","errcode":0}');
    const target = { msgId: 1n, articleIdx: 1 };
    await expect(api.massDelete({ accessToken, target })).rejects.toBeInstanceOf(UnknownOutcome);
  });
});

describe('mass/get', () => {
  it.each(['{"msg_status":"DELETE"}', '{"msg_id":null,"msg_status":"DELETE"}', '{"msg_id":"x","msg_status":"DELETE"}'])(
    'does without the id (%s)',
    async (answer) => {
      server.answers(answer);
      await expect(api.massGet({ accessToken, msgId: 1n })).resolves.toEqual({ msgId: undefined, status: 'DELETE' });
    },
  );

  it.each([
    ['201053012', 201053012n],
    ['"201053012"', 201053012n],
    ['9223372036854775807', 9223372036854775807n],
  ])('gives the id %s as a bigint', async (onTheWire, msgId) => {
    server.answers(`{"msg_id":${onTheWire},"msg_status":"DELETE"}`);
    await expect(api.massGet({ accessToken, msgId })).resolves.toEqual({ msgId, status: 'DELETE' });
    expect(sent()).toEqual([`/cgi-bin/message/mass/get?access_token=AUTHORIZER_TOKEN {"msg_id":"${msgId}"}`]);
  });
});

describe('openapi/quota/get', () => {
  it('gives the limits', async () => {
    server.answers(`{"errcode":0,"errmsg":"ok","quota":{"daily_limit":10,"used":3,"remain":7},
      "rate_limit":{"call_count":60,"refresh_second":60},"component_rate_limit":{"call_count":5600,"refresh_second":60}}`);
    await expect(api.quotaGet({ accessToken, cgiPath: '/cgi-bin/message/mass/delete' })).resolves.toEqual({
      dailyLimit: 10,
      used: 3,
      remain: 7,
      rateLimit: { callCount: 60, refreshSeconds: 60 },
      componentRateLimit: { callCount: 5600, refreshSeconds: 60 },
    });
    expect(sent()).toEqual([
      '/cgi-bin/openapi/quota/get?access_token=AUTHORIZER_TOKEN {"cgi_path":"/cgi-bin/message/mass/delete"}',
    ]);
  });

  it('does without the rate limits', async () => {
    server.answers('{"errcode":0,"quota":{"daily_limit":10,"used":0,"remain":10}}');
    await expect(api.quotaGet({ accessToken, cgiPath: '/x' })).resolves.toEqual({
      dailyLimit: 10,
      used: 0,
      remain: 10,
      rateLimit: undefined,
      componentRateLimit: undefined,
    });
  });
});

describe('openapi/quota/get, told oddly', () => {
  const quota = (text: string) => {
    server.answers(`{"errcode":0,"quota":${text}}`);
    return api.quotaGet({ accessToken, cgiPath: '/x' });
  };

  it.each([
    '{"daily_limit":"10","used":"3","remain":"7"}',
    '{"daily_limit":10,"used":3}',
    '{"daily_limit":10,"used":null,"remain":7}',
    '{"used":3,"remain":7}',
  ])('reads %s', async (text) => {
    await expect(quota(text)).resolves.toMatchObject({ dailyLimit: 10, used: 3, remain: 7 });
  });

  it.each(['null', '{}', '{"daily_limit":10}', '{"daily_limit":"many","used":3}'])(
    'takes %s for no answer',
    async (text) => {
      await expect(quota(text)).rejects.toBeInstanceOf(UnknownOutcome);
    },
  );

  it.each(['[]', '{}', '{"call_count":"many","refresh_second":60}', '{"call_count":60}', '7'])(
    'does without a rate limit of %s',
    async (limit) => {
      server.answers(`{"errcode":0,"quota":{"daily_limit":10,"used":3,"remain":7},"rate_limit":${limit},
        "component_rate_limit":{"call_count":"5600","refresh_second":60}}`);
      await expect(api.quotaGet({ accessToken, cgiPath: '/x' })).resolves.toMatchObject({
        rateLimit: undefined,
        componentRateLimit: { callCount: 5600, refreshSeconds: 60 },
      });
    },
  );
});

describe('custom/send', () => {
  it('sends a text', async () => {
    server.answers('{"errcode":0,"errmsg":"ok"}');
    await api.sendCustomText({ accessToken, toUser: 'oABC', text: 'queryauthcode@@@Q_from_api' });
    expect(sent()).toEqual([
      '/cgi-bin/message/custom/send?access_token=AUTHORIZER_TOKEN {"touser":"oABC","msgtype":"text","text":{"content":"queryauthcode@@@Q_from_api"}}',
    ]);
  });
});
