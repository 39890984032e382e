import { FeedCursorInvalid } from './errors.js';
import { feedCursor, readFeedCursor } from './feed-cursor.js';

describe('a cursor of the feed', () => {
  it.each(['0.0', '731.0', '731.42', '999999999999999999.999999999999999999'])(
    'is read as it was given: %s',
    (text) => {
      expect(feedCursor(readFeedCursor(text))).toBe(text);
    },
  );

  it.each([
    '',
    '.',
    '1',
    '1.',
    '.1',
    '01.1',
    '1.01',
    '-1.1',
    '1.1.1',
    '1.1 ',
    ' 1.1',
    '1.1\n',
    '1e3.1',
    '1000000000000000000.1',
  ])('is refused when the feed never gave it: %j', (text) => {
    expect(() => readFeedCursor(text)).toThrow(FeedCursorInvalid);
  });
});
