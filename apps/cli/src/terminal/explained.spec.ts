import { explained } from './explained.js';

it('has the meaning first, and the code small', () => {
  expect(explained('refused', 'WeChat: 45009 reach max api daily quota limit')).toBe(
    'WeChat refused this deletion (refused; WeChat: 45009 reach max api daily quota limit)',
  );
  expect(explained('daily_quota')).toMatch(/^The account has used its deletions of today.*[^.] \(daily_quota\)$/);
});

it('tells a code that it does not know as it is', () => {
  expect([explained('from_a_later_release'), explained('new', 'WeChat: 1')]).toEqual([
    'from_a_later_release',
    'new (WeChat: 1)',
  ]);
});
