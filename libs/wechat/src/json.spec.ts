import fc from 'fast-check';
import { hasUnicodeEscapes, parseJson, writeJson } from './json.js';

describe('JSON', () => {
  it('keeps every digit of a whole number', () => {
    expect(
      parseJson('{"a":9223372036854775807,"b":-9223372036854775808,"c":9007199254740991,"d":9007199254740993}'),
    ).toEqual({ a: 9223372036854775807n, b: -9223372036854775808n, c: 9007199254740991, d: 9007199254740993n });
  });

  it('gives small and broken numbers as numbers', () => {
    expect(parseJson('[0,-1,3147483661,1.5,1e3]')).toEqual([0, -1, 3147483661, 1.5, 1000]);
  });

  it('writes a bigint as a number and leaves out what is undefined', () => {
    expect(writeJson({ msg_id: 9223372036854775807n, article_idx: 0, url: undefined })).toBe(
      '{"msg_id":9223372036854775807,"article_idx":0}',
    );
  });

  it('returns any 64-bit id unchanged', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id) => {
        const { msg_id } = parseJson(writeJson({ msg_id: id })) as { msg_id: number | bigint };
        expect(BigInt(msg_id)).toBe(id);
      }),
    );
  });

  it.each([
    ['text', '中文 "quoted" \n\t', false],
    ['a backslash before u', '\\u0041 C:\\users', false],
    ['a control character', 'a\u0001b', true],
    ['a control character after a backslash', '\\\u0001', true],
    ['half a surrogate pair', 'a\ud83d', true],
  ])('knows whether %s needs a \\u escape', (_, text, needed) => {
    expect(hasUnicodeEscapes(writeJson({ text }))).toBe(needed);
  });
});
