import fc from 'fast-check';
import { JsonRefused, parseStrictJson } from './strict-json.js';

function refusalOf(json: string | Buffer) {
  try {
    parseStrictJson(json);
  } catch (error) {
    if (error instanceof JsonRefused) return { code: error.code, field: error.field, offset: error.offset };
    throw error;
  }
  return 'read';
}

describe('strict JSON', () => {
  it.each([
    ['{}', {}],
    [' [1, 2.5, -3e2, 0, -0.0] ', [1, 2.5, -300, 0, -0]],
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', { a: { a: 1 }, b: [{ a: 1 }, { a: 2 }] }],
    ['{"a":"}{\\"][,","b":"\\\\"}', { a: '}{"][,', b: '\\' }],
    ['"text"', 'text'],
    ['null', null],
    ['\ufeff{"a":1}', { a: 1 }],
    ['{"msg_id":9223372036854775807}', { msg_id: Number(9223372036854775807n) }],
    ['{"a":0.000000123456789012345}', { a: 1.23456789012345e-7 }],
    ['{"constructor":1,"prototype":2}', { constructor: 1, prototype: 2 }],
  ])('reads %s', (text, value) => {
    expect(parseStrictJson(Buffer.from(text))).toEqual(value);
  });

  it.each([
    ['', 'malformed_body', '', 0],
    [' \n', 'malformed_body', '', 2],
    ['{"a":1', 'malformed_body', 'a', 6],
    ['{"a":1,}', 'malformed_body', 'a', 7],
    ['[1,]', 'malformed_body', '0', 3],
    ['{,}', 'malformed_body', '', 1],
    ['{"a" 1}', 'malformed_body', 'a', 5],
    ['{"a":}', 'malformed_body', 'a', 5],
    ["{'a':1}", 'malformed_body', '', 1],
    ['"\n"', 'malformed_body', '', 1],
    ['"a\\x"', 'malformed_body', '', 2],
    ['"a', 'malformed_body', '', 2],
    ['"\\"', 'malformed_body', '', 3],
    ['[01]', 'malformed_body', '0', 2],
    ['[1.]', 'malformed_body', '0', 2],
    ['[+1]', 'malformed_body', '0', 1],
    ['[1}', 'malformed_body', '0', 2],
    ['NaN', 'malformed_body', '', 0],
    ['truth', 'malformed_body', '', 0],
    ['\u00a01', 'malformed_body', '', 0],
    ['{"a":1}{', 'malformed_body', '', 7],
    ['{"a":1,"a":1}', 'field_repeated', 'a', 7],
    ['{"article_idx":2,"article_idx":0}', 'field_repeated', 'article_idx', 17],
    ['{"items":[{},{"a":1,"\\u0061":2}]}', 'field_repeated', 'items.1.a', 20],
    ['{"":1,"":2}', 'field_repeated', '', 6],
    ['{"metadata":{"__proto__":{}}}', 'malformed_body', 'metadata.__proto__', 13],
    ['{"\\u005f_proto__":1}', 'malformed_body', '__proto__', 1],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'body_too_deep', Array(32).fill(0).join('.'), 32],
    ['{"a":1e400}', 'invalid_request', 'a', 5],
    [`{"a":${'9'.repeat(400)}}`, 'invalid_request', 'a', 5],
    ['{"msg_id":3147483661.0000000001}', 'invalid_request', 'msg_id', 10],
    ['[1,-9007199254740993.0]', 'invalid_request', '1', 3],
  ])('refuses %s', (text, code, field, offset) => {
    expect(refusalOf(text)).toEqual({ code, field, offset });
  });

  it('takes 32 levels', () => {
    expect(refusalOf(`${'['.repeat(32)}${']'.repeat(32)}`)).toBe('read');
  });

  it('says in which byte the text stops being UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"é\ufffd'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(refusalOf(bytes)).toEqual({ code: 'body_not_utf8', field: '', offset: 11 });
  });

  it('repeats nothing of a text that is no JSON', () => {
    expect(() => parseStrictJson('{"app_secret": s3cr3t}')).toThrow(/^This is not JSON from line 1, column 16 on\.$/);
  });

  it('reads whatever JSON.stringify writes as JSON.parse does', () => {
    const value = fc.jsonValue({ maxDepth: 6, noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.nat(2), (given, indent) => {
        const text = JSON.stringify(given, null, indent);
        const refusal = refusalOf(text);
        if (refusal === 'read') expect(parseStrictJson(text)).toEqual(JSON.parse(text));
        else expect(refusal.code === 'invalid_request' || text.includes('__proto__')).toBe(true);
      }),
    );
  });

  it('refuses what JSON.parse refuses, and takes nothing else for JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'a',
      '"a"',
      '"b":',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'null',
      ' ',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (given) => {
        const text = given.join('');
        const refusal = refusalOf(text);
        const isJson = ((): boolean => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        })();
        if (refusal === 'read' || refusal.code === 'malformed_body') expect(refusal === 'read').toBe(isJson);
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses text with any field repeated', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer(), { minKeys: 1 }), fc.nat(), (fields, pick) => {
        const keys = Object.keys(fields).filter((key) => key !== '__proto__');
        const again = keys[pick % keys.length];
        if (again === undefined) return;
        const entries = [...keys, again].map((key) => `${JSON.stringify(key)}:1`);
        expect(refusalOf(`{${entries.join()}}`)).toMatchObject({ code: 'field_repeated', field: again });
      }),
    );
  });
});
