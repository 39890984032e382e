import { searchedFor } from './links.js';

const NAMED = 'https://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=7f578d217699fabba9d56e29354ce065';
const CHKSM = `chksm=${'9b9c'.repeat(40)}`;

describe('what is searched for', () => {
  it.each([
    ['what names the article in a link', `${NAMED}&${CHKSM}&scene=27#wechat_redirect`, NAMED],
    ['that in whichever order', `${NAMED.replace('?', `?${CHKSM}&`)}#rd`, NAMED],
    ['that of a link out of a page', NAMED.replaceAll('&', '&amp;'), NAMED],
    [
      'that of an old link',
      `http://mp.weixin.qq.com/mp/appmsg/show?__biz=MzA3&appmsgid=26&itemidx=1&sign=0a&${CHKSM}`,
      'http://mp.weixin.qq.com/mp/appmsg/show?__biz=MzA3&appmsgid=26&itemidx=1&sign=0a',
    ],
    ['a short link', `mp.weixin.qq.com/s/AbC-12_x?${CHKSM}`, 'mp.weixin.qq.com/s/AbC-12_x'],
    [
      'a link that names nothing, as it is',
      'https://mp.weixin.qq.com/s?mid=2650',
      'https://mp.weixin.qq.com/s?mid=2650',
    ],
    ['words as they are', '春季 50% off?', '春季 50% off?'],
  ])('is %s', (_what, given, searched) => {
    expect(searchedFor(given)).toBe(searched);
  });
});
