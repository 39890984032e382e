import { isReturnAllowed } from './return-url.js';

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
