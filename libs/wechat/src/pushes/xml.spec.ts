import fc from 'fast-check';
import { buildXml, parseXml, XmlError } from './xml.js';

describe('parseXml', () => {
  it('reads what a mass-send event brings, all of it as text', () => {
    const fields = parseXml(`<xml>
<ToUserName><![CDATA[gh_4d00ed8d6399]]></ToUserName>
<CreateTime>1481013459</CreateTime>
<Event><![CDATA[MASSSENDJOBFINISH]]></Event>
<MsgID>9223372036854775807</MsgID>
<TotalCount>007</TotalCount>
<ArticleUrlResult>
<Count>2</Count>
<ResultList>
<item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s?a=1&b=2]]></ArticleUrl></item>
<item><ArticleIdx>2</ArticleIdx><ArticleUrl><![CDATA[]]></ArticleUrl></item>
</ResultList>
</ArticleUrlResult>
<Empty/>
<CopyrightCheckResult><ResultList></ResultList></CopyrightCheckResult>
</xml>`);
    expect(fields).toEqual({
      ToUserName: 'gh_4d00ed8d6399',
      CreateTime: '1481013459',
      Event: 'MASSSENDJOBFINISH',
      MsgID: '9223372036854775807',
      TotalCount: '007',
      ArticleUrlResult: {
        Count: '2',
        ResultList: {
          item: [
            { ArticleIdx: '1', ArticleUrl: 'http://mp.weixin.qq.com/s?a=1&b=2' },
            { ArticleIdx: '2', ArticleUrl: '' },
          ],
        },
      },
      Empty: '',
      CopyrightCheckResult: { ResultList: '' },
    });
  });

  it('keeps a byte order mark, a declaration and a comment out of the way', () => {
    expect(parseXml('\ufeff<?xml version="1.0" encoding="UTF-8"?><!-- hi --><xml a="1"><A>b</A></xml>\n')).toEqual({
      A: 'b',
    });
  });

  it('keeps CDATA as it is and decodes entities elsewhere', () => {
    expect(
      parseXml('<xml><A>\n<![CDATA[ &lt; <!DOCTYPE x> ]]>\n</A><B> &lt;&amp;&#x4e2d;&#25991;&apos; </B></xml>'),
    ).toEqual({ A: ' &lt; <!DOCTYPE x> ', B: "<&中文'" });
  });

  it('gives an array for a repeated name, so that a duplicate cannot pass for one value', () => {
    expect(parseXml('<xml><A>1</A><B>x</B><A>2</A><A>3</A></xml>')).toEqual({ A: ['1', '2', '3'], B: 'x' });
  });

  it('finds nothing that was not sent', () => {
    const fields = parseXml('<xml></xml>');
    expect(['constructor', 'toString', '__proto__'].filter((name) => name in fields)).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['plain text', 'success'],
    ['JSON', '{"Encrypt":"x"}'],
    ['another root', '<html><Encrypt>x</Encrypt></html>'],
    ['two roots', '<xml></xml><xml></xml>'],
    ['text after the root', '<xml></xml>x'],
    ['an unclosed root', '<xml><A>1</A>'],
    ['an unclosed CDATA', '<xml><A><![CDATA[1</A></xml>'],
    ['crossed tags', '<xml><A><B></A></B></xml>'],
    ['a bare ampersand', '<xml><A>a & b</A></xml>'],
    ['an unknown entity', '<xml><A>&copy;</A></xml>'],
    ['a number that is no character', '<xml><A>&#x110000;</A></xml>'],
    ['a DOCTYPE', '<!DOCTYPE xml><xml><A>1</A></xml>'],
    ['a lower-case doctype', '<!doctype xml><xml><A>1</A></xml>'],
    ['an external entity', '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><A>&x;</A></xml>'],
    [
      'entity expansion',
      '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><A>&b;&b;&b;</A></xml>',
    ],
    ['a DOCTYPE after CDATA that looks like a comment', '<xml><A><![CDATA[<!--]]></A><!DOCTYPE xml><B>--></B></xml>'],
    ['a DOCTYPE inside an element', '<xml><!DOCTYPE xml><A>1</A></xml>'],
    ['__proto__', '<xml><__proto__><a>1</a></__proto__></xml>'],
    ['constructor', '<xml><constructor><prototype>1</prototype></constructor></xml>'],
    ['deep nesting', `<xml>${'<A>'.repeat(40)}${'</A>'.repeat(40)}</xml>`],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it('answers large hostile input with a refusal or a result, whatever its shape', () => {
    const n = 100_000;
    const outcomes = [
      `<xml>${'<A>'.repeat(n)}`,
      `<xml></xml>${'<!--'.repeat(n)}`,
      `<xml><A>${'<![CDATA['.repeat(n)}</A></xml>`,
      `<xml><A>${'&'.repeat(n)}</A></xml>`,
      `<xml><A>${'&#'.repeat(n)};</A></xml>`,
      `<xml ${'a '.repeat(n)}></xml>`,
      `<${'x'.repeat(n)}`,
      '<'.repeat(n),
      `<xml>${'<A/>'.repeat(n)}</xml>`,
      `<xml><A>${'&amp;'.repeat(n)}</A></xml>`,
      `<xml><A><![CDATA[${'中'.repeat(n)}]]></A></xml>`,
    ].map((text) => {
      try {
        return Object.keys(parseXml(text)).length;
      } catch (error) {
        return error instanceof XmlError ? 'refused' : error;
      }
    });
    expect(outcomes).toEqual([...Array.from({ length: 8 }, () => 'refused'), 1, 1, 1]);
  });

  it('throws nothing but its own error on any text', () => {
    const piece = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<A>',
      '</A>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '&',
      ';',
      '<?',
      '?>',
      'x',
      ' ',
      '"',
      '=',
      '/',
      '<',
      '>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          parseXml(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(XmlError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('buildXml', () => {
  it('writes text as CDATA and numbers bare, as WeChat does', () => {
    expect(buildXml({ AppId: 'wx1', CreateTime: 1436876196, MsgID: 9223372036854775807n })).toBe(
      '<xml><AppId><![CDATA[wx1]]></AppId><CreateTime>1436876196</CreateTime><MsgID>9223372036854775807</MsgID></xml>',
    );
  });

  it('nests fields and repeats the name of an array', () => {
    expect(buildXml({ ResultList: { item: [{ ArticleIdx: 1 }, { ArticleIdx: 2 }] } })).toBe(
      '<xml><ResultList><item><ArticleIdx>1</ArticleIdx></item><item><ArticleIdx>2</ArticleIdx></item></ResultList></xml>',
    );
  });

  it('lets no text break out of its CDATA', () => {
    expect(parseXml(buildXml({ A: ']]><B>1</B>', C: ']]]]>>' }))).toEqual({ A: ']]><B>1</B>', C: ']]]]>>' });
  });

  it('is read back unchanged by parseXml', () => {
    // XML readers turn \r\n into \n, and control characters have no place in XML 1.0.
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (A, B) => {
        expect(parseXml(buildXml({ A, N: { B } }))).toEqual({ A, N: { B } });
      }),
    );
  });

  it.each(['', '1a', 'a b', 'a>', '<a', 'a/'])('refuses the field name %j', (name) => {
    expect(() => buildXml({ [name]: 1 })).toThrow(XmlError);
  });
});
