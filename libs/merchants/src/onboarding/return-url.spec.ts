import { isReturnAllowed, returnAddress } from './return-url.js';

const ORIGINS = ['https://shop.example', 'https://shop.example:8443'];

it.each([
  'https://shop.example',
  'https://shop.example/done?of=7#end',
  'https://SHOP.example/',
  'https://shop.example:443/',
  'https://shop.example:8443/done',
])('merchants may be sent to %s', (url) => {
  expect(isReturnAllowed(url, ORIGINS)).toBe(true);
  expect(isReturnAllowed(url, [])).toBe(false);
});

it.each([
  'http://shop.example/',
  'https://shop.example.evil.example/',
  'https://evil.example/?https://shop.example/',
  'https://shop.example@evil.example/',
  'https://evil@shop.example/',
  'https://:secret@shop.example/',
  'https://shop.example\\@evil.example/',
  'https://shop.example:444/',
  'https://sub.shop.example/',
  'https://shop.example./',
  'https:shop.example/',
  '//shop.example/',
  '/done',
  'javascript:alert(1)//https://shop.example',
  'data:text/html,hello',
  'blob:https://shop.example/1',
  '',
])('merchants may not be sent to %s', (url) => {
  // A browser takes \ for /, and so does this: then the host is an allowed one, and what follows a path.
  expect(isReturnAllowed(url, ORIGINS)).toBe(url.includes('\\'));
});

describe('an allowed address with a path', () => {
  const below = ['https://shop.example/wechat/done', 'https://shop.example/slash/'];

  it.each([
    'https://shop.example/wechat/done',
    'https://shop.example/wechat/done/',
    'https://shop.example/wechat/done/7?x=1#y',
    'https://shop.example/elsewhere/../wechat/done/7',
    'https://shop.example/slash/7',
  ])('allows %s', (url) => {
    expect(isReturnAllowed(url, below)).toBe(true);
  });

  it.each([
    'https://shop.example/',
    'https://shop.example/wechat',
    'https://shop.example/wechat/donee',
    'https://shop.example/wechat/done/../admin',
    'https://shop.example/wechat/done/%2e%2e/admin',
    'https://shop.example/wechat/done/..%2fadmin',
    'https://shop.example/wechat/done/..%5Cadmin',
    'https://shop.example/wechat/done/..;/admin',
    'https://shop.example/wechat/done/..;x=1/admin',
    'https://shop.example/wechat/done/%252e%252e%252fadmin',
    'https://shop.example/slash',
    'https://shop.example/Wechat/done',
    'https://other.example/wechat/done',
  ])('does not allow %s', (url) => {
    expect(isReturnAllowed(url, below)).toBe(false);
  });
});

it.each([
  ['https://shop.example', { result: 'failed' }, 'https://shop.example/?result=failed'],
  [
    'https://shop.example/done?of=8&x="#end',
    { result: 'authorized', merchant: 'wx1', ref: '店铺 7&' },
    'https://shop.example/done?of=8&x=%22&result=authorized&merchant=wx1&ref=%E5%BA%97%E9%93%BA+7%26#end',
  ],
  [
    'https://shop.example/done?result=authorized&merchant=wx9&of=8&ref=1',
    { result: 'failed' },
    'https://shop.example/done?of=8&result=failed',
  ],
  ['https://shop.example/a', { result: 'incomplete', ref: null }, 'https://shop.example/a?result=incomplete'],
] as const)('%s tells what came out, after what it says itself', (url, returned, wanted) => {
  expect(returnAddress(url, returned)).toBe(wanted);
});
