import { readMsgId } from './msg-id.js';

describe('readMsgId', () => {
  it.each([
    ['1', 1n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
  ])('reads %s', (text, msgId) => {
    expect(readMsgId(text)).toBe(msgId);
  });

  it.each(['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '１', '9223372036854775808', '10000000000000000000'])(
    'does not take %j for one',
    (text) => {
      expect(readMsgId(text)).toBeUndefined();
    },
  );
});
