import { readMassSendFinish } from './mass-send-finish.js';
import { parseXml } from './xml.js';

const event = (inner: string) => readMassSendFinish(parseXml(`<xml>${inner}</xml>`));

describe('readMassSendFinish', () => {
  it('reads the id, the counts and every article', () => {
    const finish = event(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[MASSSENDJOBFINISH]]></Event>
      <MsgID>9223372036854775807</MsgID><Status><![CDATA[send success]]></Status>
      <TotalCount>100</TotalCount><FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>
      <ArticleUrlResult><Count>2</Count><ResultList>
        <item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/a]]></ArticleUrl></item>
        <item><ArticleIdx>2</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/b]]></ArticleUrl></item>
      </ResultList></ArticleUrlResult>`);
    expect(finish).toEqual({
      msgId: 9223372036854775807n,
      status: 'send success',
      statusCode: undefined,
      totalCount: 100,
      filterCount: 80,
      sentCount: 75,
      errorCount: 5,
      articles: [
        { articleIdx: 1, url: 'http://mp.weixin.qq.com/s/a' },
        { articleIdx: 2, url: 'http://mp.weixin.qq.com/s/b' },
      ],
      articleCount: 2,
    });
  });

  it('reads a single article and an empty list alike', () => {
    const item = '<item><ArticleIdx>1</ArticleIdx><ArticleUrl>http://mp.weixin.qq.com/s/a</ArticleUrl></item>';
    const withList = (items: string) =>
      event(`<MsgID>1</MsgID><ArticleUrlResult><ResultList>${items}</ResultList></ArticleUrlResult>`)?.articles;
    expect(withList(item)).toHaveLength(1);
    expect(withList('')).toEqual([]);
    expect(event('<MsgID>1</MsgID>')?.articles).toEqual([]);
  });

  it('leaves out odd items and keeps the others', () => {
    const item = (idx: string, url: string) =>
      `<item><ArticleIdx>${idx}</ArticleIdx><ArticleUrl>${url}</ArticleUrl></item>`;
    const odd = [
      item('', 'http://mp.weixin.qq.com/s/x'),
      item('one', 'http://mp.weixin.qq.com/s/x'),
      item('0', 'http://mp.weixin.qq.com/s/x'),
      item('3', ''),
      item('3', '<a>1</a>'),
      item('3', 'http://mp.weixin.qq.com/s/\ufffd'),
      item('3', 'http://mp.weixin.qq.com/s/a b'),
      item('3', `http://mp.weixin.qq.com/s/${'x'.repeat(3_000)}`),
      item('3</ArticleIdx><ArticleIdx>4', 'http://mp.weixin.qq.com/s/x'),
      '<item>text</item>',
      '<item/>',
      '<other/>',
    ].join('');
    const good = item('2', 'http://mp.weixin.qq.com/s/b');
    const articles = [{ articleIdx: 2, url: 'http://mp.weixin.qq.com/s/b' }];
    const list = (inner: string) => `<ArticleUrlResult><ResultList>${inner}</ResultList></ArticleUrlResult>`;
    for (const result of [
      list(odd + good),
      list(good + odd),
      list(odd) + list(good),
      `<ArticleUrlResult/>${list(good)}`,
    ]) {
      expect(event(`<MsgID>1</MsgID><SentCount>many</SentCount>${result}`)).toMatchObject({
        articles,
        sentCount: undefined,
      });
    }
  });

  it.each([
    ['as WeChat says it', '<Count>3</Count>', ['1', '2', ''], 3],
    ['by the items, where it does not', '', ['1', '2'], 2],
    ['not beside an odd item', '', ['1', '2', ''], undefined],
    ['not where one is missing', '', ['1', '3'], undefined],
    ['not where none is told', '', [], undefined],
    ['not where WeChat says none of an empty list', '<Count>0</Count>', [], undefined],
    ['not where WeChat says fewer than it lists', '<Count>1</Count>', ['1', '2'], undefined],
    ['not where the number is odd', '<Count>many</Count>', ['1', '3'], undefined],
  ])('counts articles %s', (_case, count, numbers, expected) => {
    const items = numbers.map(
      (n) => `<item><ArticleIdx>${n}</ArticleIdx><ArticleUrl>http://mp.weixin.qq.com/s/a</ArticleUrl></item>`,
    );
    const result = `<ArticleUrlResult>${count}<ResultList>${items.join('')}</ResultList></ArticleUrlResult>`;
    expect(event(`<MsgID>1</MsgID>${result}`)?.articleCount).toBe(expected);
  });

  it('keeps the number of a failure, and the words of one it does not know', () => {
    expect(event('<MsgID>1</MsgID><Status>err(20001)</Status>')).toMatchObject({
      status: 'err(20001)',
      statusCode: 20001,
    });
    expect(event('<MsgID>1</MsgID><Status>sendsuccess</Status>')).toMatchObject({ status: 'sendsuccess' });
  });

  it.each([
    '',
    '<MsgID></MsgID>',
    '<MsgID>0</MsgID>',
    '<MsgID>-1</MsgID>',
    '<MsgID>9223372036854775808</MsgID>',
    '<MsgId>1</MsgId>',
  ])('finds nothing to remember in %j', (inner) => {
    expect(event(inner)).toBeUndefined();
  });
});
