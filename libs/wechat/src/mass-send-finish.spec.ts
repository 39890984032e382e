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
