import fc from 'fast-check';
import { canonicalArticleUrl } from '@app/wechat';
import { decideTarget, targetKey, type TargetRequest } from './target.js';

const ARTICLE = 'http://mp.weixin.qq.com/s?__biz=MzA3&mid=2650&idx=1&sn=abc';

describe('decideTarget', () => {
  it.each<[string, TargetRequest, object]>([
    ['one article', { msg_id: 3147483661, article_idx: 2 }, { msgId: 3147483661n, articleIdx: 2 }],
    ['a msg_id in digits', { msg_id: '9223372036854775807', article_idx: 1 }, { msgId: 2n ** 63n - 1n, articleIdx: 1 }],
    ['a confirmed whole message', { msg_id: 5, whole_message: true }, { msgId: 5n, articleIdx: 0 }],
    ['a whole message said twice', { msg_id: 5, article_idx: 0, whole_message: true }, { msgId: 5n, articleIdx: 0 }],
    ['one article, not the whole', { msg_id: 5, article_idx: 1, whole_message: false }, { msgId: 5n, articleIdx: 1 }],
    ['an article by its url', { url: ARTICLE }, { url: ARTICLE }],
    ['a url with every kind of letter', { url: `${ARTICLE}&t=文章😀` }, { url: `${ARTICLE}&t=文章😀` }],
    [
      'an article by its short url',
      { url: 'https://mp.weixin.qq.com/s/AbC-12' },
      { url: 'https://mp.weixin.qq.com/s/AbC-12' },
    ],
  ])('takes %s', (_what, request, target) => {
    expect(decideTarget(request)).toEqual({ target, ignored: [] });
  });

  it.each([` ${ARTICLE}`, `「${ARTICLE}」，`, ARTICLE.replaceAll('&', '&amp;'), ARTICLE.replace('/s?', '/s/?')])(
    'takes the link out of %s',
    (pasted) => {
      expect(decideTarget({ url: pasted }).target).toEqual({ url: canonicalArticleUrl(ARTICLE) });
    },
  );

  it('says that the url is ignored beside a msg_id, as WeChat ignores it', () => {
    expect(decideTarget({ msg_id: 5, article_idx: 1, url: 'anything' })).toEqual({
      target: { msgId: 5n, articleIdx: 1 },
      ignored: ['url'],
    });
  });

  it.each<[string, string, TargetRequest]>([
    ['target_missing', 'nothing is named', {}],
    ['target_missing', 'only an article number is given', { article_idx: 1 }],
    ['whole_message_not_confirmed', 'article_idx is absent', { msg_id: 5 }],
    ['whole_message_not_confirmed', 'article_idx is 0', { msg_id: 5, article_idx: 0 }],
    ['whole_message_not_confirmed', 'whole_message is false', { msg_id: 5, whole_message: false }],
    ['whole_message_contradicts_article_idx', 'both are asked for', { msg_id: 5, article_idx: 2, whole_message: true }],
    ['article_idx_needs_msg_id', 'a url comes with an article number', { url: ARTICLE, article_idx: 1 }],
    ['article_idx_needs_msg_id', 'a url comes with article number 0', { url: ARTICLE, article_idx: 0 }],
    ['whole_message_needs_msg_id', 'a url comes with whole_message', { url: ARTICLE, whole_message: true }],
    ['url_not_an_article', 'the url is of another site', { url: 'https://example.com/s/abc' }],
    ['url_not_an_article', 'the url only looks alike', { url: 'https://mp.weixin.qq.com.example.com/s/abc' }],
    ['url_not_an_article', 'the url is no web address', { url: 'javascript:alert(1)' }],
    ['url_not_an_article', 'the url is no url', { url: 'abc' }],
    ['url_not_an_article', 'the url has a title before it', { url: `Sale ${ARTICLE}` }],
    ['url_not_an_article', 'the url has a blank inside', { url: ARTICLE.replace('&', ' &') }],
    ['url_not_an_article', 'the url names a page that is no article', { url: 'https://mp.weixin.qq.com/cgi-bin/home' }],
    ['url_not_an_article', 'the url names an account alone', { url: 'https://mp.weixin.qq.com/s?__biz=MzA3' }],
    ['url_not_an_article', 'the url holds a NUL', { url: `${ARTICLE}\u0000` }],
    ['url_not_an_article', 'the url holds half a character', { url: `${ARTICLE}\ud83d` }],
    ['msg_id_unsafe_number', 'a number may have been rounded', { msg_id: 2 ** 53, article_idx: 1 }],
    ['msg_id_invalid', 'msg_id is 0', { msg_id: 0, article_idx: 1 }],
    ['msg_id_invalid', 'msg_id is negative', { msg_id: '-5', article_idx: 1 }],
    ['msg_id_invalid', 'msg_id is no number', { msg_id: 'abc', article_idx: 1 }],
    ['msg_id_invalid', 'msg_id has a fraction', { msg_id: 1.5, article_idx: 1 }],
    ['msg_id_invalid', 'msg_id is above 2^63-1', { msg_id: '9223372036854775808', article_idx: 1 }],
  ])('refuses with %s when %s', (code, _when, request) => {
    expect(() => decideTarget(request)).toThrow(expect.objectContaining({ code }));
  });

  it('never makes a whole-message deletion of a request that does not confirm it', () => {
    const anyRequest = fc.record(
      {
        msg_id: fc.oneof(fc.integer(), fc.string(), fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String)),
        article_idx: fc.integer({ min: 0, max: 10 }),
        whole_message: fc.constant(false),
        url: fc.oneof(fc.webUrl(), fc.constant(ARTICLE)),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyRequest, (request) => {
        try {
          const { target } = decideTarget(request);
          return 'url' in target || target.articleIdx >= 1;
        } catch {
          return true;
        }
      }),
    );
  });
});

describe('targetKey', () => {
  it('is the same for the same call and differs between article, message and url', () => {
    expect(targetKey({ msgId: 5n, articleIdx: 1 })).toBe(targetKey({ msgId: 5n, articleIdx: 1 }));
    const keys = [
      { msgId: 5n, articleIdx: 1 },
      { msgId: 5n, articleIdx: 0 },
      { msgId: 51n, articleIdx: 1 },
      { url: ARTICLE },
    ];
    expect(new Set(keys.map(targetKey)).size).toBe(4);
  });

  it('is the same for every spelling of one link', () => {
    const old = 'http://mp.weixin.qq.com/mp/appmsg/show?__biz=MzA3&appmsgid=2650&itemidx=1&sign=abc';
    const spellings = [ARTICLE, `${ARTICLE}&chksm=x#rd`, ARTICLE.replaceAll('&', '&amp;'), old, ARTICLE.slice(7)];
    const keys = spellings.map((url) => targetKey(decideTarget({ url }).target));
    expect(new Set(keys)).toEqual(new Set([`url:${canonicalArticleUrl(ARTICLE)}`]));
  });
});
