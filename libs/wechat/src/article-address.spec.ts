import { canonicalArticleUrl, readArticleAddress, readShortArticleId } from './article-address.js';

describe('readArticleAddress', () => {
  it('takes a long address apart, whatever else is in it', () => {
    const url = 'http://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=abc&chksm=x#rd';
    expect(readArticleAddress(url)).toEqual({ biz: 'MzA3MDM3NjE5NQ==', mid: '2650', idx: 2, sn: 'abc' });
  });

  it.each([
    'http://mp.weixin.qq.com/s/AbCd',
    'https://example.com/s?__biz=a&mid=1&idx=1&sn=b',
    'http://mp.weixin.qq.com/s?__biz=a&mid=1&idx=0&sn=b',
    'no address',
  ])('has nothing to say of %s', (url) => {
    expect(readArticleAddress(url)).toBeUndefined();
  });
});

describe('readShortArticleId', () => {
  it.each(['http://mp.weixin.qq.com/s/AbC-12_x', 'https://mp.weixin.qq.com/s/AbC-12_x?scene=1#rd'])(
    'is in %s',
    (url) => {
      expect(readShortArticleId(url)).toBe('AbC-12_x');
    },
  );

  it.each(['https://mp.weixin.qq.com/s?__biz=a', 'https://mp.weixin.qq.com/s/a/b', 'https://example.com/s/AbC', ''])(
    'is not in %s',
    (url) => {
      expect(readShortArticleId(url)).toBeUndefined();
    },
  );
});

describe('canonicalArticleUrl', () => {
  const long = 'https://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=abc';

  it.each([
    long,
    'http://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=abc#rd',
    'https://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ%3D%3D&mid=2650&idx=2&sn=abc&chksm=x&scene=27#wechat_redirect',
    'https://MP.weixin.qq.com/s?sn=abc&idx=2&mid=2650&__biz=MzA3MDM3NjE5NQ==',
  ])('gives one form to %s', (spelling) => {
    expect(canonicalArticleUrl(spelling)).toBe(long);
  });

  it.each([
    ['http://mp.weixin.qq.com/s/AbC?scene=1#rd', 'https://mp.weixin.qq.com/s/AbC'],
    ['http://mp.weixin.qq.com/mp/appmsg/show?a=1#x', 'https://mp.weixin.qq.com/mp/appmsg/show?a=1'],
    ['https://example.com/s/AbC#rd', 'https://example.com/s/AbC#rd'],
  ])('of %s is %s', (spelling, canonical) => {
    expect(canonicalArticleUrl(spelling)).toBe(canonical);
  });

  it.each(['mid=2651&idx=2&sn=abc', 'mid=2650&idx=1&sn=abc', 'mid=2650&idx=2&sn=abd'])(
    'keeps another article apart: %s',
    (parameters) => {
      expect(canonicalArticleUrl(`https://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&${parameters}`)).not.toBe(long);
    },
  );
});
