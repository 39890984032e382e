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

  describe('as WeChat writes it', () => {
    it.each([
      ['a raw control character', '{"nick_name":"\u0014琦娅🍭","id":1}', { nick_name: '\u0014琦娅🍭', id: 1 }],
      ['a raw line break', '{"signature":"one\r\ntwo\tthree"}', { signature: 'one\r\ntwo\tthree' }],
      ['a raw NUL', '{"a":"\u0000"}', { a: '\u0000' }],
      ['a control character after escapes', '{"a":"\\"\\\\\u0001\\u4e2d"}', { a: '"\\\u0001中' }],
      ['a backslash before a raw line break', '{"a":"x\\\n"}', { a: 'x\\\n' }],
      [
        'backslashes that escape nothing',
        '{"a":"C:\\wx\\u12 \\\'","b":"\u0001"}',
        { a: "C:\\wx\\u12 \\'", b: '\u0001' },
      ],
      ['control characters between strings', '{"a":\u000b1,\u0000"b":2}\u0000', { a: 1, b: 2 }],
      ['a byte order mark', '\ufeff{"a":1}', { a: 1 }],
      ['a name that comes twice', '{"a":1,"a":2}', { a: 2 }],
      [
        'an id in the same text',
        '{"msg_id":9223372036854775807,"m":"\u0002"}',
        { msg_id: 9223372036854775807n, m: '\u0002' },
      ],
    ])('reads %s', (_, text, value) => {
      expect(parseJson(text)).toEqual(value);
    });

    it.each([
      '',
      '\u0001',
      '{"a":"\u0001',
      '{"a":"\u0001"',
      '{"a":tr\u0001ue}',
      '{"a":"\\"}',
      "{'a':1}",
      '{"a":1,}',
      '<html>\n</html>',
    ])('does not read %j', (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    });

    it('does not choose between two errcodes', () => {
      expect(() => parseJson('{"errcode":40065,"errmsg":"x","errcode":0}')).toThrow(SyntaxError);
    });

    it('gives back any text, whichever of its control characters were not escaped', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (text) => {
          const raw = JSON.stringify({ text }).replace(/\\u00([01].)/g, (_, hex: string) =>
            String.fromCharCode(parseInt(hex, 16)),
          );
          expect(parseJson(raw)).toEqual({ text });
        }),
      );
    });

    it('takes time that grows with the length only', () => {
      const text = `{"a":"${'\u0001\\x"'.repeat(200_000)}`;
      expect(() => parseJson(text)).toThrow(SyntaxError);
    });
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
