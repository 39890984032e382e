import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

describe('what WeChat pushes', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  it('passes the release check with every test account', async () => {
    // Its text cases come only for platforms that handle messages, of accounts (1) and of mini programs (19).
    await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { permission_sets: [1, 7, 19] });
    const report = await system.control('POST', 'release-check', { component_appid: PLATFORM.component_appid });
    expect(report.cases.filter(({ result }: { result: string }) => result !== 'passed')).toEqual([
      // Mini programs have no such event.
      ...Array.from({ length: 5 }, () => expect.objectContaining({ case: 'location', result: 'skipped' })),
    ]);
    expect(report.passed).toBe(true);
  });

  it('fills the inventory with what was sent, its counts and its addresses, newest first', async () => {
    const merchant = await system.onboardMerchant();
    const other = await system.onboardMerchant();
    const first = await system.sendMassMessage(merchant);
    const second = await system.sendMassMessage(merchant, { articles: [{}, {}, {}] });
    const list = (query: string) => system.call('GET', `/v1/mass-messages?merchant=${merchant}${query}`);
    const { body } = await eventually(
      () => list(''),
      (reply) => reply.body.data.length === 2,
    );
    expect(body.data.map((message: { msg_id: string }) => message.msg_id)).toEqual([second, first]);
    expect(body.data[0]).toMatchObject({ merchant, status: 'send success', status_code: null, error_count: 0 });
    expect(body.data[0].articles).toEqual(
      [1, 2, 3].map((article_idx) => ({
        article_idx,
        title: null,
        source: 'wechat',
        url: expect.stringContaining('mp.weixin.qq.com/s?__biz='),
        deleted_at: null,
        deleted_by: null,
      })),
    );
    const page = (await list('&limit=1')).body;
    expect((await list(`&limit=1&cursor=${page.next_cursor}`)).body).toMatchObject({
      data: [{ msg_id: first }],
      next_cursor: null,
    });
    expect((await system.call('GET', `/v1/mass-messages?merchant=${other}`)).body.data).toEqual([]);
  });

  it('takes no offence at an article that is named twice', async () => {
    const merchant = await system.onboardMerchant();
    const item = (url: string) => ({ ArticleIdx: 1, ArticleUrl: url });
    await system.tellOfMassSend(merchant, '1000000077', [
      item('http://mp.weixin.qq.com/s/a'),
      item('http://mp.weixin.qq.com/s/b'),
    ]);
    const { body: list } = await system.call('GET', `/v1/mass-messages?merchant=${merchant}`);
    expect(list.data).toMatchObject([{ articles: [{ article_idx: 1, url: 'http://mp.weixin.qq.com/s/b' }] }]);
  });

  it('binds a push to its path and its time', async () => {
    const [merchant, other] = [await system.onboardMerchant(), await system.onboardMerchant()];
    const { user_name } = await system.control('GET', `merchants/${merchant}`);
    await eventually(
      () => system.sql(`SELECT 1 FROM merchants WHERE authorizer_appid = $1 AND user_name IS NOT NULL`, [other]),
      ({ length }) => length === 1,
    );
    const post = async (appid: string, ageS = 0) => {
      const timestamp = Math.floor(Date.now() / 1000) - ageS;
      const { component_appid, token, encoding_aes_key } = PLATFORM;
      const { body, query } = sealPush({
        token,
        aesKey: decodeAesKey(encoding_aes_key),
        appid: component_appid,
        receiver: { ToUserName: user_name },
        plaintext: buildXml({
          ToUserName: user_name,
          MsgType: 'event',
          Event: 'MASSSENDJOBFINISH',
          MsgID: 1000000078n,
          Status: 'send success',
        }),
        timestamp,
        nonce: '1',
      });
      const path = `/wechat/${component_appid}/messages/${appid}?${new URLSearchParams(query).toString()}`;
      return system.callText('POST', path, body.toString('utf8'), { 'content-type': 'text/xml' });
    };
    const sentBy = async (appid: string) => (await system.call('GET', `/v1/mass-messages?merchant=${appid}`)).body.data;

    for (const ageS of [2 * 86_400, -2 * 86_400]) {
      const reason = ageS > 0 ? 'too_old' : 'too_new';
      const refused = { status: 403, body: { code: 'push_refused', detail: expect.stringContaining(reason) } };
      expect(await post(merchant, ageS)).toMatchObject(refused);
    }
    expect(await post(other)).toMatchObject({ status: 200, body: 'success' });
    expect([...(await sentBy(merchant)), ...(await sentBy(other))]).toEqual([]);
    const { body: failed } = await system.call('GET', '/v1/callback-events?state=failed');
    expect(failed.data).toMatchObject([
      { authorizer_appid: other, kind: 'MASSSENDJOBFINISH', failure_code: 'wrong_account', forwards: [] },
    ]);
    expect(await post(merchant)).toMatchObject({ status: 200, body: 'success' });
    expect(await sentBy(merchant)).toMatchObject([{ msg_id: '1000000078' }]);
    expect(await sentBy(other)).toEqual([]);
  });

  it.each(['merchants?ref=a%00', 'callback-events?kind=a%00'])(
    'refuses GET /v1/%s, which no row can hold',
    async (path) => {
      expect(await system.call('GET', `/v1/${path}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );

  it('tells of a send that WeChat stopped', async () => {
    const merchant = await system.onboardMerchant();
    await system.sendMassMessage(merchant, { status: 'err(20001)' });
    const { body } = await eventually(
      () => system.call('GET', `/v1/mass-messages?merchant=${merchant}`),
      (reply) => reply.body.data.length === 1,
    );
    expect(body.data[0]).toMatchObject({ status: 'err(20001)', status_code: 20001, articles: [] });
  });

  it('deletes an article by the address that the push told, as the message that it is of', async () => {
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    const { body } = await eventually(
      () => system.call('GET', `/v1/mass-messages?merchant=${merchant}`),
      (reply) => reply.body.data.length === 1,
    );
    const { url } = body.data[0].articles[0];
    const accepted = await system.call('POST', '/v1/deletions', { merchant, url });
    expect(await system.finished(accepted.body.id)).toMatchObject({
      state: 'succeeded',
      url: null,
      asked_url: url,
      msg_id: msgId,
      article_idx: 1,
    });
    const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
    expect(message.articles.map((article: { is_deleted: boolean }) => article.is_deleted)).toEqual([true, false]);
  });
});
