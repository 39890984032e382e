import { TestPlatform, until } from '../../../../test/simulator-platform.js';

describe('mass messages', () => {
  let platform: TestPlatform;
  let appid: string;
  let token: string;
  // 10:00 in Shanghai.
  const now = { value: Date.UTC(2026, 10, 23, 2) };

  beforeAll(async () => {
    platform = await TestPlatform.start({ clock: { now: () => now.value }, settings: { token_lifetime_s: 400_000 } });
  });
  beforeEach(async () => {
    ({ appid, accessToken: token } = await platform.merchant());
  });
  afterAll(() => platform.close());

  const remove = (body: object, accessToken = token) => platform.call('message/mass/delete', accessToken, body);
  const status = async (msgId: string) =>
    (await platform.call('message/mass/get', token, { msg_id: msgId })).msg_status;
  const send = async (input: object = {}, account = appid) =>
    (await platform.control('POST', `merchants/${account}/mass-messages`, { push: false, ...input })).data[0];
  const allow = (daily: number) =>
    platform.control('PATCH', `merchants/${appid}/quotas`, { 'mass/delete': { daily_limit: daily } });

  describe('mass/delete', () => {
    it('deletes one article', async () => {
      await send({ articles: [{}, {}, {}] });
      expect(await remove({ msg_id: 3147483661, article_idx: 3 })).toEqual({ errcode: 0, errmsg: 'ok' });
      expect(await status('3147483661')).toBe('SEND_SUCCESS');
    });

    it.each([
      ['0', { article_idx: 0 }],
      ['nothing', {}],
      ['null', { article_idx: null }],
      ['a blank', { article_idx: '' }],
    ])('deletes the whole message if article_idx is %s', async (_what, idx) => {
      await send();
      expect(await remove({ msg_id: 3147483661, ...idx })).toMatchObject({ errcode: 0 });
      expect(await status('3147483661')).toBe('DELETE');
    });

    it('takes ids and indexes that are text, as many clients send them', async () => {
      await send();
      expect(await remove({ msg_id: '3147483661', article_idx: '1' })).toMatchObject({ errcode: 0 });
    });

    it('deletes by the URL of an article, and msg_id counts if both are given', async () => {
      const first = await send();
      const second = await send();
      expect(await remove({ url: first.articles[1].url })).toMatchObject({ errcode: 0 });
      expect(await remove({ url: first.articles[0].url, msg_id: Number(second.msg_id), article_idx: 1 })).toMatchObject(
        {
          errcode: 0,
        },
      );
      const view = await platform.control('GET', `merchants/${appid}/mass-messages`);
      expect(
        view.data.map((message: { articles: { is_deleted: boolean }[] }) =>
          message.articles.map((article) => article.is_deleted),
        ),
      ).toEqual([
        [false, true],
        [true, false],
      ]);
    });

    it('takes the page from every send of the same material', async () => {
      await platform.control('POST', `merchants/${appid}/materials`, { media_id: 'twice', articles: [{}] });
      await send({ media_id: 'twice' });
      await send({ media_id: 'twice' });
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode: 0 });
      expect(await status('3147483662')).toBe('DELETE');
      expect(await remove({ msg_id: 3147483662, article_idx: 1 })).toMatchObject({ errcode: 40065 });
    });

    it.each([
      ['neither msg_id nor url', {}, 40059],
      ['an unknown id', { msg_id: 30124, article_idx: 1 }, 40059],
      ['an id beyond 2^53', { msg_id: '9007199254740993', article_idx: 1 }, 40059],
      ['a fraction', { msg_id: 3147483661.5 }, 40059],
      ['a URL of nobody', { url: 'https://mp.weixin.qq.com/s?__biz=x&mid=1&idx=1&sn=2' }, 40059],
      ['no URL', { url: 'hello' }, 40059],
      ['an article that is not there', { msg_id: 3147483661, article_idx: 3 }, 40060],
      ['a negative article', { msg_id: 3147483661, article_idx: -1 }, 40060],
    ])('refuses %s', async (_what, body, errcode) => {
      await send();
      expect(await remove(body)).toMatchObject({ errcode });
    });

    it.each([
      ['text', { kind: 'text' }, 40008],
      ['what was not sent by API', { is_api_sent: false }, 40059],
      ['what is still being sent', { status: 'sending' }, 40065],
      ['what was not sent', { status: 'err(20001)' }, 40065],
      ['a refuted rumour', { articles: [{ is_rumour: true }] }, 40204],
    ])('refuses %s', async (_what, input, errcode) => {
      await send(input);
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode });
    });

    it('deletes a video', async () => {
      await send({ kind: 'mpvideo', articles: [{}] });
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode: 0 });
    });

    it('answers a second deletion with 40065, or 0 if told so; only the first is an effect', async () => {
      await send();
      await remove({ msg_id: 3147483661, article_idx: 1 });
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode: 40065 });
      await platform.control('PATCH', 'settings', { already_deleted_errcode: 0 });
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode: 0 });
      await platform.control('PATCH', 'settings', { already_deleted_errcode: 40065 });
      expect(await platform.control('GET', `merchants/${appid}/mass-messages/3147483661`)).toMatchObject({
        delete_calls: 3,
        delete_effects: 1,
      });
    });

    it('touches no other account, though message ids are the same', async () => {
      const other = await platform.merchant();
      await send();
      await send({}, other.appid);
      await remove({ msg_id: 3147483661 });
      expect(await platform.control('GET', `merchants/${other.appid}/mass-messages/3147483661`)).toMatchObject({
        status: 'SEND_SUCCESS',
        delete_calls: 0,
      });
    });
  });

  describe('limits', () => {
    it('allows ten deletions a day, failed ones included, until midnight in Shanghai', async () => {
      await send();
      for (let i = 0; i < 9; i++) await remove({ msg_id: 1, article_idx: 1 });
      expect(await remove({ msg_id: 3147483661, article_idx: 1 })).toMatchObject({ errcode: 0 });
      expect(await remove({ msg_id: 3147483661, article_idx: 2 })).toMatchObject({
        errcode: 45009,
        errmsg: expect.stringMatching(/^reach max api daily quota limit/),
      });
      expect(
        await platform.call('openapi/quota/get', token, { cgi_path: '/cgi-bin/message/mass/delete' }),
      ).toMatchObject({
        errcode: 0,
        quota: { daily_limit: 10, used: 10, remain: 0 },
        rate_limit: { call_count: 5600, refresh_second: 60 },
      });
      // 23:59:59.999, then 00:00 in Shanghai.
      const midnight = Date.UTC(2026, 10, 23, 16);
      const before = now.value;
      now.value = midnight - 1;
      expect(await remove({ msg_id: 3147483661, article_idx: 2 })).toMatchObject({ errcode: 45009 });
      now.value = midnight;
      expect(await remove({ msg_id: 3147483661, article_idx: 2 })).toMatchObject({ errcode: 0 });
      now.value = before;
    });

    it('counts each account for itself', async () => {
      const other = await platform.merchant();
      await platform.control('PATCH', `merchants/${appid}/quotas`, { 'mass/delete': { used: 10 } });
      expect(await remove({ msg_id: 1 })).toMatchObject({ errcode: 45009 });
      expect(await remove({ msg_id: 1 }, other.accessToken)).toMatchObject({ errcode: 40059 });
    });

    it('has a limit a minute', async () => {
      await allow(100);
      await platform.control('PATCH', `merchants/${appid}/quotas`, { 'mass/delete': { minute_limit: 2 } });
      const codes = [];
      for (let i = 0; i < 3; i++) codes.push((await remove({ msg_id: 1 })).errcode);
      expect(codes).toEqual([40059, 40059, 45011]);
      now.value += 60_000;
      expect(await remove({ msg_id: 1 })).toMatchObject({ errcode: 40059 });
    });

    it('takes limits for all accounts from the settings', async () => {
      await platform.control('PATCH', 'settings', { daily_limits: { 'mass/delete': 1 } });
      const codes = [];
      for (let i = 0; i < 2; i++) codes.push((await remove({ msg_id: 1 })).errcode);
      await platform.control('PATCH', 'settings', { daily_limits: {} });
      expect(codes).toEqual([40059, 45009]);
    });
  });

  describe('rights', () => {
    it.each([
      ['without set 7', { consent: [1, 2, 11] }, 61007],
      ['that is not verified', { verify_type: -1 }, 48001],
      ['that is a mini program', { kind: 'mini_program' }, 48001],
      ['that lacks this API', { denied_operations: ['mass/delete'] }, 48001],
    ])('are missing for an account %s', async (_what, input, errcode) => {
      const other = await platform.merchant(input);
      expect(await remove({ msg_id: 1 }, other.accessToken)).toMatchObject({ errcode });
      const quotas = await platform.control('GET', `merchants/${other.appid}/quotas`);
      expect(quotas).not.toHaveProperty(['mass/delete']);
    });

    it('end with the account', async () => {
      await platform.control('PATCH', `merchants/${appid}`, { account_status: 19 });
      expect(await remove({ msg_id: 1 })).toMatchObject({ errcode: 50002 });
    });
  });

  describe('mass/sendall and mass/send', () => {
    const sendAll = (body: object) => platform.call('message/mass/sendall', token, body);
    const news = (mediaId: string, isToAll = false) => ({
      filter: { is_to_all: isToAll, tag_id: 2 },
      mpnews: { media_id: mediaId },
      msgtype: 'mpnews',
    });
    beforeEach(() => platform.control('POST', `merchants/${appid}/materials`, { media_id: 'm', articles: [{}, {}] }));

    it('number sends to a tag and sends to all differently, as real ids are', async () => {
      expect(await sendAll(news('m'))).toMatchObject({
        errcode: 0,
        errmsg: 'send job submission success',
        msg_id: 3147483661,
        msg_data_id: expect.any(Number),
      });
      expect(await sendAll(news('m', true))).toMatchObject({ errcode: 0, msg_id: 1000000001 });
    });

    it('end in a push with the article URLs', async () => {
      await sendAll(news('m'));
      now.value += 1000;
      await until(
        () => platform.received.some(({ path }) => path === `/messages/${appid}`),
        'the push of the finished send',
      );
      const push = await platform.pushed('MASSSENDJOBFINISH');
      expect(push.fields).toMatchObject({
        MsgID: '3147483661',
        Status: 'send success',
        SentCount: '100',
        ArticleUrlResult: {
          Count: '2',
          ResultList: { item: [{ ArticleIdx: '1', ArticleUrl: expect.stringContaining('mp.weixin.qq.com/s?') }, {}] },
        },
      });
      expect(push.query.get('openid')).toBe(push.fields['FromUserName']);
      expect(await status('3147483661')).toBe('SEND_SUCCESS');
    });

    it.each(['send fail', 'err(20001)'])('may end in %s', async (outcome) => {
      await platform.control('PATCH', `merchants/${appid}`, { send_status: outcome });
      const { msg_id } = await sendAll(news('m'));
      expect(await status(String(msg_id))).toBe('SENDING');
      now.value += 1000;
      await until(async () => (await status(String(msg_id))) !== 'SENDING', 'the end of the send');
      expect(await status(String(msg_id))).toBe('SEND_FAIL');
    });

    it('do not repeat within a day what has the same clientmsgid or content', async () => {
      const { msg_id } = await sendAll(news('m'));
      expect(await sendAll(news('m'))).toMatchObject({ errcode: 45065, msg_id });
      expect(await sendAll({ ...news('m'), clientmsgid: 'again' })).toMatchObject({ errcode: 0 });
      expect(await sendAll({ ...news('m', true), clientmsgid: 'again' })).toMatchObject({ errcode: 45065 });
      expect(await sendAll({ ...news('m'), clientmsgid: 'x'.repeat(33) })).toMatchObject({ errcode: 45067 });
    });

    it.each([
      ['an unknown type', { msgtype: 'poem' }, 40008],
      ['unknown articles', { msgtype: 'mpnews', mpnews: { media_id: 'nobody' } }, 40007],
      ['no text', { msgtype: 'text', text: {} }, 44004],
    ])('refuse %s', async (_what, body, errcode) => {
      expect(await sendAll({ filter: { is_to_all: true }, ...body })).toMatchObject({ errcode });
    });

    it('check the list of openids', async () => {
      const text = { msgtype: 'text', text: { content: 'hello' } };
      const toList = (touser: unknown) => platform.call('message/mass/send', token, { touser, ...text });
      expect(await toList(['o1', 'o2'])).toMatchObject({ errcode: 0, msg_id: 3147483661 });
      expect(await toList(['o1'])).toMatchObject({ errcode: 40130 });
      expect(await toList('o1')).toMatchObject({ errcode: 40031 });
      expect(await toList(Array.from({ length: 10_001 }, (_, i) => `o${i}`))).toMatchObject({ errcode: 40032 });
      await platform.control('PATCH', `merchants/${appid}`, { service_type: 0 });
      expect(await toList(['o1', 'o2'])).toMatchObject({ errcode: 48001 });
    });
  });

  it('takes customer-service messages', async () => {
    const say = (body: object) => platform.call('message/custom/send', token, body);
    expect(await say({ touser: 'o1', msgtype: 'text', text: { content: '你好' } })).toMatchObject({ errcode: 0 });
    expect(await say({ msgtype: 'text', text: { content: 'x' } })).toMatchObject({ errcode: 40003 });
    expect(await say({ touser: 'o1', msgtype: 'text' })).toMatchObject({ errcode: 40008 });
    const { data } = await platform.control('GET', `custom-messages?authorizer_appid=${appid}`);
    expect(data).toMatchObject([{ touser: 'o1', text: '你好' }]);
  });
});
