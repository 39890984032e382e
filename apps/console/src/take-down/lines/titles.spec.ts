import type { MassMessage } from '@app/client';
import { knownOf, takenOf } from './titles.js';

const MERCHANT = 'wx570bc396a51b8ff8';
const anArticle = (article_idx: number, title: string | null) => ({
  article_idx,
  title,
  deleted_at: null,
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

describe('what is known of what an item would take', () => {
  const item = { merchant: MERCHANT, msg_id: '3147483661' };
  const titled = (...titles: string[]) => ({ is: 'titled', titles });
  const UNKNOWN = { is: 'unknown' };

  it.each([
    ['the title of the article', { ...item, article_idx: 2 }, titled('Summer')],
    ['the titles of all articles of a whole message', { ...item, whole_message: true }, titled('Spring', 'Summer')],
    ['that the message has no such article', { ...item, article_idx: 4 }, { is: 'no_such_article' }],
    ['nothing of an article without a title', { ...item, article_idx: 3 }, UNKNOWN],
    [
      'the title at a link, however it is spelled',
      { url: 'https://mp.weixin.qq.com/s?mid=26&sn=0a&idx=1&__biz=MzA3&scene=1' },
      titled('Spring'),
    ],
    ['not what is of another account', { ...item, merchant: 'wx0000000000000000', article_idx: 2 }, UNKNOWN],
    ['not what is at another link', { url: 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC' }, UNKNOWN],
  ])('is %s', (_what, asked, known) => {
    const articles = [anArticle(1, 'Spring'), anArticle(2, 'Summer'), anArticle(3, null)];
    expect(knownOf(asked, [aMessage({ msg_id: '1', articles: [] }), aMessage({ articles })])).toEqual(known);
  });

  it('is the title of the message, where that is all that is known of a whole one', () => {
    const messages = [aMessage({ articles: [] })];
    expect(knownOf({ ...item, whole_message: true }, messages)).toEqual(titled('Sale'));
    expect(knownOf({ ...item, article_idx: 2 }, messages)).toEqual(UNKNOWN);
  });
});

describe('what is taken of messages with a label', () => {
  const messages = [
    aMessage({ msg_id: '1', component_appid: 'P', deleted_at: null }),
    aMessage({ msg_id: '2', component_appid: 'P', deleted_at: '2026-03-01T00:00:00Z' }),
    aMessage({ msg_id: '3', component_appid: 'P', deleted_at: null, articles: [anArticle(1, 'Spring')] }),
    aMessage({ msg_id: '4', component_appid: 'P', deleted_at: null, articles: [] }),
  ];
  const ids = (taken: { msg_id?: string }[]) => taken.map(({ msg_id }) => msg_id);

  it('is an article of those that have it, or may have it', () => {
    const taken = takenOf(messages, { article_idx: 2 });
    expect(ids(taken)).toEqual(['1', '4']);
    expect(taken[0]).toEqual({ merchant: MERCHANT, component_appid: 'P', msg_id: '1', article_idx: 2 });
  });

  it('is all of those that are not gone', () => {
    const taken = takenOf(messages, { whole_message: true });
    expect(ids(taken)).toEqual(['1', '3', '4']);
    expect(taken[0]).toMatchObject({ whole_message: true });
  });
});
