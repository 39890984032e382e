import { TestPlatform, type Json } from '../../../../test/simulator-platform.js';

describe('the pages of the simulator', () => {
  let platform: TestPlatform;
  let appid: string;
  let message: Json;

  beforeAll(async () => {
    platform = await TestPlatform.start();
    await platform.logIn();
    ({ appid } = await platform.merchant());
    const sent = await platform.control('POST', `merchants/${appid}/mass-messages`, {
      articles: [{ title: '今日<特价>' }, { title: '门店地址' }],
      push: false,
    });
    message = sent.data[0];
  });
  afterAll(() => platform.close());

  const read = async (path: string) => {
    const answer = await fetch(new URL(path, platform.simulator.url));
    return { status: answer.status, text: await answer.text() };
  };
  /** The address on this simulator of an article's page at WeChat. */
  const pageOf = (url: string) => {
    const { pathname, search } = new URL(url);
    return pathname + search;
  };
  const article = (index: number): string => pageOf(message.articles[index].url as string);

  it('show an article as followers see it, with its title as text', async () => {
    expect(await read(article(0))).toMatchObject({ status: 200, text: expect.stringContaining('今日&lt;特价&gt;') });
  });

  it('say that its publisher has deleted it, once that is so, and of that article alone', async () => {
    const { massMessages, world } = platform.simulator.simulation;
    const merchant = world.merchants.get(appid);
    if (merchant) massMessages.delete(merchant, { msgId: BigInt(message.msg_id as string), articleIdx: 2 });
    const gone = await read(article(1));
    expect(gone.text).toContain('该内容已被发布者删除');
    expect(gone.text).not.toContain('门店地址');
    expect((await read(article(0))).text).toContain('今日&lt;特价&gt;');
  });

  it.each([
    ['no parameters', () => '/s'],
    ['another sn', () => article(0).replace(/sn=\w+/, `sn=${'0'.repeat(32)}`)],
    ['an article that is not there', () => article(0).replace('idx=1', 'idx=9')],
    ['a number that is none', () => article(0).replace('idx=1', 'idx=one')],
    ['two values', () => `${article(0)}&idx=2`.replace('idx=1', 'idx=2')],
  ])('name no article for %s', async (_what, path) => {
    const { status, text } = await read(path());
    expect([status, text.includes('参数错误')]).toEqual([200, true]);
  });

  it('say below an article where it is at WeChat', async () => {
    const { url } = message.articles[0];
    expect((await read(article(0))).text).toContain(`<code class="whole">${url.replaceAll('&', '&amp;')}</code>`);
  });

  it('find accounts by a part of their name or appid', async () => {
    const { appid: other } = await platform.control('POST', 'merchants', { nick_name: '南巷书店' });
    for (const words of ['南巷', other]) {
      const { text } = await read(`/_control?q=${encodeURIComponent(words)}`);
      expect([words, text.includes(other), text.includes(`merchants/${appid}/`)]).toEqual([words, true, false]);
    }
    expect((await read('/_control?q=%22%3Cb%3E')).text).toContain('value="&quot;&lt;b&gt;"');
  });

  it('offer clicks that the control API takes as they stand', async () => {
    const { text } = await read('/_control');
    const buttons = [...text.matchAll(/<button[^>]*data-method="(\w+)"\s+data-path="([^"]*)"\s+data-body="([^"]*)"/g)];
    expect(buttons.length).toBeGreaterThan(10);
    for (const [, method = '', path = '', body = ''] of buttons) {
      const json = body.replaceAll('&quot;', '"');
      const answer = await fetch(`${platform.simulator.url}/_control/${path}`, {
        method,
        ...(json && { body: json, headers: { 'content-type': 'application/json' } }),
      });
      expect([method, path, json, answer.ok]).toEqual([method, path, json, true]);
    }
  });
});
