import { withQuery } from './urls.js';

it.each([
  ['https://a.example/back', 'https://a.example/back?c=1%402'],
  ['https://a.example/back?state=s%20t+u', 'https://a.example/back?state=s%20t+u&c=1%402'],
  ['https://a.example/back?', 'https://a.example/back?c=1%402'],
  ['https://a.example/back?x=1#top', 'https://a.example/back?x=1&c=1%402#top'],
])('adds to the query of %s', (url, expected) => {
  expect(withQuery(url, { c: '1@2' })).toBe(expected);
});
