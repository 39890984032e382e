import type { MassMessage } from '@app/client';
import { titlesOf } from './titles.js';

const MERCHANT = 'wx570bc396a51b8ff8';
const anArticle = (article_idx: number, title: string | null) => ({
  article_idx,
  title,
  url: `http://mp.weixin.qq.com/s?__biz=MzA3&mid=26&idx=${article_idx}&sn=0a#rd`,
});
const aMessage = (given: object) =>
  ({
    merchant: MERCHANT,
    msg_id: '3147483661',
    title: 'Sale',
    articles: [anArticle(1, 'Spring'), anArticle(2, 'Summer')],
    ...given,
  }) as MassMessage;

describe('the titles of what an item would take', () => {
  const item = { merchant: MERCHANT, msg_id: '3147483661' };

  it.each([
    ['of the article', { ...item, article_idx: 2 }, ['Summer']],
    ['of all articles of a whole message', { ...item, whole_message: true }, ['Spring', 'Summer']],
    ['of the message, where the article has none', { ...item, article_idx: 3 }, ['Sale']],
    [
      'of a link, however it is spelled',
      { url: 'https://mp.weixin.qq.com/s?mid=26&sn=0a&idx=1&__biz=MzA3&scene=1' },
      ['Spring'],
    ],
    ['not those of another account', { ...item, merchant: 'wx0000000000000000', article_idx: 2 }, []],
    ['not those of another link', { url: 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC' }, []],
  ])('are those %s', (_what, asked, titles) => {
    expect(titlesOf(asked, [aMessage({ msg_id: '1', articles: [] }), aMessage({})])).toEqual(titles);
  });
});
