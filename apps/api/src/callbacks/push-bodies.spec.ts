import { tidyPushPath } from './push-bodies.js';

describe('tidyPushPath', () => {
  it.each([
    ['/wechat/wx1/events', '/wechat/wx1/events'],
    ['/wechat/wx1/events/', '/wechat/wx1/events'],
    ['/wechat/wx1/events//', '/wechat/wx1/events'],
    ['//wechat//wx1//messages/wx2/', '/wechat/wx1/messages/wx2'],
    ['/wechat/wx1/events/?a=b//c/&d=e?f/', '/wechat/wx1/events?a=b//c/&d=e?f/'],
    ['/wechat/wx1/events?', '/wechat/wx1/events?'],
    ['/v1//takedowns/', '/v1//takedowns/'],
    ['/wechatx//', '/wechatx//'],
    ['/', '/'],
    ['', ''],
    ['*', '*'],
  ])('makes of %s %s', (url, tidy) => {
    expect(tidyPushPath(url)).toBe(tidy);
  });
});
