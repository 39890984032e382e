import type { MerchantCard } from '@app/merchants';
import { decideImports, namesIn, type ImportLine, type KnownMerchants } from './import-lines.js';

const card = (authorizerAppid: string, biz: string | null = null): MerchantCard => ({
  id: `id of ${authorizerAppid}`,
  authorizerAppid,
  componentAppid: 'P',
  biz,
  bizSource: biz === null ? null : 'wechat',
  ineligibleReasons: [],
});

const address = (biz: string) => `https://mp.weixin.qq.com/s?__biz=${biz}&mid=1&idx=1&sn=x`;
const lineOf = (line: number, merchant: string, ...biz: string[]): ImportLine => ({
  line,
  request: {
    merchant,
    msg_id: String(line),
    articles: biz.map((one, i) => ({ article_idx: i + 1, url: address(one) })),
  },
});

/** @returns the lines that were refused */
function refused(lines: ImportLine[], known: Partial<KnownMerchants>) {
  const { messages, rejections } = decideImports(lines, { cards: [], owners: [], ...known });
  expect(messages).toHaveLength(lines.length - rejections.length);
  for (const { code } of rejections) expect(code).toBe('url_of_another_merchant');
  return rejections.map(({ line }) => line);
}

describe('an import of addresses', () => {
  it('is taken where they are of the merchant, or nobody knows', () => {
    const cards = [card('A', 'a'), card('U')];
    expect(refused([lineOf(1, 'A', 'a'), lineOf(2, 'U', 'u'), lineOf(3, 'A')], { cards })).toEqual([]);
  });

  it('is refused where the merchant is known by another name', () => {
    expect(refused([lineOf(1, 'A', 'a', 'b')], { cards: [card('A', 'a')] })).toEqual([1]);
  });

  it('is refused where the name is another merchant’s, whom the caller may not see', () => {
    expect(refused([lineOf(1, 'U', 'b')], { cards: [card('U')], owners: [card('B', 'b')] })).toEqual([1]);
  });

  it('is held against the lines before it that were taken', () => {
    const lines = [
      lineOf(1, 'U', 'u', 'w'),
      lineOf(2, 'U', 'u'),
      lineOf(3, 'U', 'w'),
      lineOf(4, 'V', 'u'),
      lineOf(5, 'V', 'w'),
    ];
    expect(refused(lines, { cards: [card('U'), card('V')] })).toEqual([1, 3, 4]);
  });

  const withUrl = (url: string): ImportLine => ({
    line: 1,
    request: { merchant: 'A', msg_id: '1', articles: [{ article_idx: 1 }, { article_idx: 2, url }] },
  });

  it('takes the link out of what was pasted', () => {
    const pasted = withUrl(` 「${address('a').replaceAll('&', '&amp;')}」，`);
    expect(namesIn([pasted]).biz).toEqual(['a']);
    const { messages } = decideImports([pasted], { cards: [card('A', 'a')], owners: [] });
    expect(messages[0]?.articles.map(({ url }) => url)).toEqual([undefined, address('a')]);
    expect(refused([pasted], { cards: [card('A', 'b')] })).toEqual([1]);
  });

  it.each(['', 'https://mp.weixin.qq.com/', 'https://example.com/s/a', `Sale ${address('a')}`])(
    'is refused where one names no article: %s',
    (url) => {
      const { messages, rejections } = decideImports([withUrl(url)], { cards: [card('A')], owners: [] });
      expect(messages).toEqual([]);
      expect(rejections).toMatchObject([
        { line: 1, code: 'url_not_an_article', detail: expect.stringContaining('The url of article 2 must be') },
      ]);
    },
  );

  it('names what has to be looked up', () => {
    expect(namesIn([lineOf(1, 'A', 'a', 'b'), lineOf(2, 'A', 'a')])).toEqual({ appids: ['A'], biz: ['a', 'b'] });
  });
});
