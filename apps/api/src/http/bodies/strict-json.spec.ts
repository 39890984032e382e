import fc from 'fast-check';
import { JsonRefused, parseStrictBody, parseStrictJson } from './strict-json.js';

const MANY = 1_000_000;
const read = (text: string, maxValues = MANY) => parseStrictJson(text, maxValues);

function refusalOf(text: string, maxValues = MANY) {
  try {
    read(text, maxValues);
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
  ])('reads %s', async (text, value) => {
    expect(await parseStrictBody(Buffer.from(text), MANY)).toEqual(value);
  });

  it.each([
    ['', 'malformed_body', '', 0],
    [' \n', 'malformed_body', '', 2],
    ['{"a":1', 'malformed_body', 'a', 6],
    ['{"a":1,}', 'malformed_body', 'a', 7],
    ['[1,]', 'malformed_body', '[0]', 3],
    ['{,}', 'malformed_body', '', 1],
    ['{"a" 1}', 'malformed_body', 'a', 5],
    ['{"a":}', 'malformed_body', 'a', 5],
    ["{'a':1}", 'malformed_body', '', 1],
    ['"\n"', 'malformed_body', '', 1],
    ['"a\\x"', 'malformed_body', '', 2],
    ['"a', 'malformed_body', '', 2],
    ['"\\"', 'malformed_body', '', 3],
    ['[01]', 'malformed_body', '[0]', 2],
    ['[1.]', 'malformed_body', '[0]', 2],
    ['[+1]', 'malformed_body', '[0]', 1],
    ['[1}', 'malformed_body', '[0]', 2],
    ['NaN', 'malformed_body', '', 0],
    ['truth', 'malformed_body', '', 0],
    ['\u00a01', 'malformed_body', '', 0],
    ['{"a":1}{', 'malformed_body', '', 7],
    ['{"a":1,"a":1}', 'field_repeated', 'a', 7],
    ['{"article_idx":2,"article_idx":0}', 'field_repeated', 'article_idx', 17],
    ['{"items":[{},{"a":1,"\\u0061":2}]}', 'field_repeated', 'items[1].a', 20],
    ['{"":1,"":2}', 'field_repeated', '', 6],
    ['{"metadata":{"__proto__":{}}}', 'malformed_body', 'metadata.__proto__', 13],
    ['{"\\u005f_proto__":1}', 'malformed_body', '__proto__', 1],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'body_too_deep', '[0]'.repeat(32), 32],
    ['{"a":1e400}', 'invalid_request', 'a', 5],
    [`{"a":${'9'.repeat(400)}}`, 'invalid_request', 'a', 5],
    ['{"msg_id":3147483661.0000000001}', 'invalid_request', 'msg_id', 10],
    ['[1,-9007199254740993.0]', 'invalid_request', '[1]', 3],
  ])('refuses %s', (text, code, field, offset) => {
    expect(refusalOf(text)).toEqual({ code, field, offset });
  });

  it('takes 32 levels', () => {
    expect(refusalOf(`${'['.repeat(32)}${']'.repeat(32)}`)).toBe('read');
  });

  it.each(['', 'x'.repeat(65_523), '😀'.repeat(40_000), 'é'.repeat(100_001)])(
    'says in which byte the text stops being UTF-8, after %#',
    async (before) => {
      const start = Buffer.from(`{"a":"${before}é\ufffd`);
      for (const bad of [[0xc3, 0x28], [0x80], [0xff], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
        const bytes = Buffer.concat([start, Buffer.from(bad), Buffer.from('"}')]);
        const refused = { code: 'body_not_utf8', field: '', offset: start.length };
        await expect(parseStrictBody(bytes, MANY)).rejects.toMatchObject(refused);
      }
    },
  );

  it('repeats nothing of a text that is no JSON', () => {
    expect(() => read('{"app_secret": s3cr3t}')).toThrow(/^This is not JSON from line 1, column 16 on\.$/);
  });

  it('reads whatever JSON.stringify writes as JSON.parse does', () => {
    const value = fc.jsonValue({ maxDepth: 6, noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.nat(2), (given, indent) => {
        const text = JSON.stringify(given, null, indent);
        const refusal = refusalOf(text);
        if (refusal === 'read') expect(read(text)).toEqual(JSON.parse(text));
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

  describe('counts what it reads', () => {
    /** Every object, list and scalar, the outermost included. */
    const valuesIn = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 1)
        : 1;

    it.each([
      ['1', 1],
      ['{}', 1],
      ['[]', 1],
      ['[[],{}]', 3],
      ['{"a":[1,{"b":null}]}', 5],
      ['"[{,}]"', 1],
      [String.raw`["a\"[,{","\\",{"[\"{,":1}]`, 5],
    ])('and finds in %s as many values as there are', (text, values) => {
      expect(valuesIn(JSON.parse(text))).toBe(values);
      expect(refusalOf(text, values)).toBe('read');
      expect(refusalOf(text, values - 1)).toMatchObject({ code: 'body_beyond_limits' });
    });

    it('of whatever JSON.stringify writes', () => {
      fc.assert(
        fc.property(fc.jsonValue({ maxDepth: 5 }), (given) => {
          const text = JSON.stringify(given);
          if (refusalOf(text) !== 'read') return;
          const values = valuesIn(JSON.parse(text));
          expect(refusalOf(text, values)).toBe('read');
          expect(refusalOf(text, values - 1)).toMatchObject({ code: 'body_beyond_limits' });
        }),
      );
    });

    it('and says which limit it was, and where', () => {
      const fields = (count: number) => `{${Array.from({ length: count }, (_, i) => `"f${i}":0`).join()}}`;
      const text = (characters: number) => JSON.stringify('x'.repeat(characters));
      const list = (items: number) => `[${Array(items).fill('{}').join()}]`;
      for (const [taken, refused, field, message] of [
        [`{"a":${list(10_000)}}`, `{"a":${list(10_001)}}`, 'a', 'a has more than 10,000 items.'],
        [list(10_000), list(10_001), '', 'The body has more than 10,000 items.'],
        [`[0,${fields(1_000)}]`, `[0,${fields(1_001)}]`, '[1]', '[1] has more than 1,000 fields.'],
        [fields(1_000), fields(1_001), '', 'The body has more than 1,000 fields.'],
        [`{"a":${text(65_536)}}`, `{"a":${text(65_537)}}`, 'a', 'a is longer than 65,536 characters.'],
        [`{${text(65_536)}:1}`, `{${text(65_537)}:1}`, '', 'A text is longer than 65,536 characters.'],
      ] as const) {
        expect(refusalOf(taken)).toBe('read');
        expect(() => read(refused)).toThrow(expect.objectContaining({ code: 'body_beyond_limits', field, message }));
      }
      expect(() => read('[1,2,3]', 3)).toThrow('The body has more than 3 values.');
    });

    it('and does not repeat long names', () => {
      const name = 'x'.repeat(60_000);
      expect(() => read(`{"${name}":1e999}`)).toThrow(expect.objectContaining({ field: 'x'.repeat(500) }));
    });
  });

  it('lets others have their turn while it reads a long body', async () => {
    const lists = Array.from({ length: 20 }, () => Array(5_000).fill(0));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const body = await parseStrictBody(Buffer.from(JSON.stringify(lists)), MANY);
    clearInterval(timer);
    expect(body).toEqual(lists);
    expect(turns).toBeGreaterThan(0);
  });

  it.each([
    ['digits', '9'.repeat(MANY * 8)],
    ['digits behind a point', `0.${'3'.repeat(MANY * 8)}`],
    ['an exponent', `1e${'9'.repeat(MANY * 8)}`],
    ['blanks', `${' '.repeat(MANY * 8)}x`],
    ['lines', `${'\n'.repeat(MANY * 8)}x`],
    ['backslashes', `"${'\\'.repeat(MANY * 8)}x"`],
    ['lists', '['.repeat(MANY * 8)],
  ])('is done with eight megabytes of %s', (_what, text) => {
    // Often enough for V8 to compile what runs often.
    for (let time = 0; time < 5; time++) expect(refusalOf(text)).not.toBe('read');
  });
});
