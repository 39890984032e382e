import { preferredLanguage } from './language.js';

describe('preferredLanguage', () => {
  it.each([
    [undefined, 'zh'],
    ['', 'zh'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en-US,en;q=0.9', 'en'],
    ['en-GB,en;q=0.9,zh-CN;q=0.8', 'en'],
    ['de-DE,de;q=0.9,en;q=0.5', 'en'],
    ['de', 'zh'],
    ['en;q=0.3, zh-Hant ; q=0.7', 'zh'],
    ['en;q=0', 'zh'],
    ['EN', 'en'],
    ['zh,en', 'zh'],
    ['en;q=nonsense', 'zh'],
    ['*', 'zh'],
    [';;;,,,', 'zh'],
  ])('takes %p as %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });
});
