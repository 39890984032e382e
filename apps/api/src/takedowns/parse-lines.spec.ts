import { parseLines } from './parse-lines.js';

const LONG =
  'https://mp.weixin.qq.com/s?__biz=MzA3MDk4NTY0MQ==&mid=2651234567&idx=1&sn=0123456789abcdef0123456789abcdef';
const SHORT = 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC';
const MERCHANT = 'wx570bc396a51b8ff8';

function parsed(...lines: string[]) {
  const { items, errors, passed_over } = parseLines({ lines });
  return {
    items: items.map(({ line, understood_as, item }) => [line, understood_as, item]),
    errors: errors.map(({ line, code }) => [line, code]),
    passed_over,
  };
}

describe('pasted lines', () => {
  it('are understood one by one, each by what it is', () => {
    expect(
      parsed(
        `“${SHORT}”,`,
        '',
        LONG.replaceAll('&', '&amp;'),
        `${MERCHANT}\t3147483661\t2`,
        `${MERCHANT},3147483662,all`,
      ),
    ).toEqual({
      items: [
        [1, 'short_address', { url: SHORT }],
        [3, 'address', { url: LONG }],
        [4, 'article', { merchant: MERCHANT, msg_id: '3147483661', article_idx: 2 }],
        [5, 'whole_message', { merchant: MERCHANT, msg_id: '3147483662', whole_message: true }],
      ],
      errors: [],
      passed_over: 1,
    });
  });

  it.each([
    ['of a person', 'please take this down', 'nothing_named'],
    ['with two links', `${SHORT}, ${LONG}`, 'several_links'],
    ['with a link that was cut', 'https://mp.weixin.qq.com/s?__biz=MzA3MDk4NTY0MQ==&mid=26', 'url_not_an_article'],
    ['with a page that is no article', 'https://mp.weixin.qq.com/cgi-bin/home', 'url_not_an_article'],
    ['with text behind a link', `${SHORT} gone wrong`, 'text_behind_link'],
    ['that a spreadsheet has shortened', `${MERCHANT},3.14748E+09,1`, 'msg_id_shortened'],
    ['without an account', '3147483661,2', 'merchant_missing'],
    ['without an article', `${MERCHANT},3147483661`, 'article_missing'],
    ['with the article 0', `${MERCHANT},3147483661,0`, 'article_zero'],
    ['with a msg_id beyond all', `${MERCHANT},9999999999999999999,1`, 'msg_id_invalid'],
    ['of broken JSON', '{"url": ', 'not_json'],
    ['of JSON with a field that nobody knows', `{"url": "${SHORT}", "colour": "red"}`, 'invalid_item'],
  ])('say what is wrong: one %s', (_what, line, code) => {
    expect(parsed(SHORT, line)).toEqual({
      items: [[1, 'short_address', { url: SHORT }]],
      errors: [[2, code]],
      passed_over: 0,
    });
  });

  it('have what is said for all of them', () => {
    expect(parseLines({ lines: ['3147483661', '3147483662,3'], merchant: MERCHANT, article_idx: 1 }).items).toEqual([
      { line: 1, understood_as: 'article', item: { merchant: MERCHANT, msg_id: '3147483661', article_idx: 1 } },
      { line: 2, understood_as: 'article', item: { merchant: MERCHANT, msg_id: '3147483662', article_idx: 3 } },
    ]);
  });

  it('may name their columns', () => {
    expect(parsed('标题,appid,msg_id,article', `春节,${MERCHANT},3147483661,2`)).toEqual({
      items: [[2, 'article', { merchant: MERCHANT, msg_id: '3147483661', article_idx: 2 }]],
      errors: [],
      passed_over: 1,
    });
  });
});
