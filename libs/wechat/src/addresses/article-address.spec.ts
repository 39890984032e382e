import fc from 'fast-check';
import { canonicalArticleUrl, readArticleAddress, readArticleLink, readShortArticleId } from './article-address.js';

const BIZ = 'MzAwMDAwMDAwMQ==';
const SN = '7f578d217699fabba9d56e29354ce065';
const ADDRESS = { biz: BIZ, mid: '2247499360', idx: 2, sn: SN };
const LONG = `https://mp.weixin.qq.com/s?__biz=${BIZ}&mid=2247499360&idx=2&sn=${SN}`;
const SHORT = 'https://mp.weixin.qq.com/s/AbC-12_x';

const canonical = (text: string) => readArticleLink(text)?.canonical;

describe('readArticleLink', () => {
  it.each([
    ['what it gives back itself', LONG],
    ['what WeChat’s pushes tell', `${LONG.replace('https', 'http')}&chksm=9b9c#rd`],
    ['what browsers show', `${LONG}&chksm=9b9c&scene=27&poc_token=HJ%3D%20x&utm=a%22b#wechat_redirect`],
    ['another order', `https://mp.weixin.qq.com/s?sn=${SN}&idx=2&scene=1&mid=2247499360&__biz=${BIZ}`],
    ['an order with the account last, its signs dropped', `${LONG.replace(`__biz=${BIZ}&`, '')}&__biz=MzAwMDAwMDAwMQ`],
    ['an encoded account', LONG.replaceAll('==', '%3D%3D')],
    ['an account encoded twice', LONG.replaceAll('==', '%253D%253d')],
    ['an encoded name', LONG.replace('__biz', '%5f%5Fbiz')],
    ['a part that is said twice', `${LONG}&mid=2247499360`],
    ['a slash before the question mark', LONG.replace('/s?', '/s/?')],
    ['slashes twice', LONG.replace('/s?', '//s//?')],
    ['another scheme', LONG.replace('https', 'HTTP')],
    ['no scheme', LONG.replace('https://', '')],
    ['no scheme but its slashes', LONG.replace('https:', '')],
    ['a host in capitals', LONG.replace('mp.weixin.qq.com', 'MP.WeiXin.QQ.com')],
    ['HTML and share XML', LONG.replaceAll('&', '&amp;')],
    ['decimal entities', LONG.replaceAll('&', '&#38;')],
    ['hexadecimal entities', LONG.replaceAll('&', '&#x26;').replaceAll('=', '&#x3D;')],
    ['HTML in HTML', LONG.replaceAll('&', '&amp;amp;')],
    ['HTML in XML in HTML', LONG.replaceAll('&', '&amp;amp;#38;')],
    ['share XML with its CDATA', `<![CDATA[${LONG.replaceAll('&', '&amp;')}]]>`],
    ['the source of a page', `"${LONG.replaceAll('&', '\\x26amp;')}#rd"`],
    ['JSON', `"${LONG.replaceAll('/', '\\/').replaceAll('&', '\\u0026')}",`],
    ['JSON in JSON', JSON.stringify(JSON.stringify(`\t${LONG}\n`))],
    ['a shell', LONG.replace(/[?=&]/g, '\\$&')],
    ['the parameter of another link', encodeURIComponent(LONG)],
    ['the parameter of a parameter', encodeURIComponent(encodeURIComponent(LONG))],
    ['HTML quotes', `&quot;${LONG}&quot;`],
    ['curly HTML quotes', `&ldquo;${LONG}&rdquo;`],
    ['blanks', ` \t\r\n\u00a0\u3000${LONG}\u2028 &nbsp;`],
    ['characters that nobody sees', `\ufeff\u200b${LONG.replace('mid', '\u200bm\u2060id')}\u200e&#8203;`],
    ['curly quotes', `“${LONG}”`],
    ['Chinese quotes and a stop', `「${LONG}」。`],
    ['a book’s brackets', `《${LONG}》，`],
    ['angle brackets', `<${LONG}>;`],
    ['brackets in brackets', `(【${LONG}】)`],
    ['a cell of a CSV', `,"${LONG}",`],
    ['a stop', `${LONG}.`],
    ['a stop within quotes', `'${LONG}.'`],
  ])('finds the article in %s', (_what, text) => {
    expect(readArticleLink(text)).toMatchObject({ canonical: LONG, address: ADDRESS, shortId: undefined });
  });

  it.each([
    SHORT,
    'http://mp.weixin.qq.com/s/AbC-12_x?scene=1&amp;from=x#rd',
    'mp.weixin.qq.com/s/AbC-12_x/',
    ` 「${SHORT}」。`,
  ])('finds the name in %s', (text) => {
    expect(readArticleLink(text)).toMatchObject({ canonical: SHORT, address: undefined, shortId: 'AbC-12_x' });
  });

  it('reads the old form as the same parts under other names', () => {
    const old = `http://mp.weixin.qq.com/mp/appmsg/show?__biz=${BIZ}&appmsgid=10000043&itemidx=1&sign=${SN}#wechat_redirect`;
    const now = `https://mp.weixin.qq.com/s?__biz=${BIZ}&mid=10000043&idx=1&sn=${SN}`;
    const address = { biz: BIZ, mid: '10000043', idx: 1, sn: SN };
    expect(readArticleLink(old)).toEqual({ url: now, canonical: now, address, shortId: undefined });
    expect(readArticleLink(old.replaceAll('&', '&amp;'))?.canonical).toBe(now);
  });

  it.each([
    ['it came as WeChat gives it', `${LONG.replace('https', 'http')}&chksm=9b9c&t=文章😀#rd`],
    ['it is short', `${SHORT}?scene=1#rd`],
  ])('leaves the url as it came when %s', (_when, text) => {
    expect(readArticleLink(text)?.url).toBe(text);
  });

  it.each([
    `${LONG}&chksm=9b9c&amp;scene=1`,
    `${LONG}&chksm=9b9c `,
    LONG.replace('/s?', '/s/?'),
    LONG.replaceAll('==', '%3D%3D'),
    LONG.replace('mid=2', 'mid=%32'),
    LONG.replace('https', 'HTTPS'),
    LONG.replace('https://', ''),
  ])('gives the url a form that WeChat knows: %s', (text) => {
    expect(readArticleLink(text)?.url).toBe(LONG);
  });

  it.each([
    ['nothing', ''],
    ['blanks and quotes alone', ' “” '],
    ['words', 'no address'],
    ['another site', 'https://example.com/s/AbC'],
    ['a site that looks alike', LONG.replace('.com', '.com.example.com')],
    ['a site that ends alike', LONG.replace('mp.', 'xmp.')],
    ['a host with a dot at its end', LONG.replace('.com', '.com.')],
    ['another scheme', LONG.replace('https', 'weixin')],
    ['a script', `javascript:${LONG}`],
    ['a port', LONG.replace('.com', '.com:8443')],
    ['the port of another scheme', LONG.replace('.com', '.com:80')],
    ['the port of its scheme', LONG.replace('.com', '.com:443')],
    ['the port of http', LONG.replace('https', 'http').replace('.com', '.com:80')],
    ['a port that is not there', LONG.replace('.com', '.com:')],
    ['a user', LONG.replace('mp.', 'user@mp.')],
    ['a user with a password', LONG.replace('mp.', 'user:password@mp.')],
    ['the host as a user', 'https://mp.weixin.qq.com@example.com/s/AbC'],
    ['no page', 'https://mp.weixin.qq.com'],
    ['the first page', 'https://mp.weixin.qq.com/'],
    ['a page of the console', 'https://mp.weixin.qq.com/cgi-bin/home?t=home/index'],
    ['an account’s page', `https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz=${BIZ}#wechat_redirect`],
    [
      'a check before an article',
      `https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?target_url=${encodeURIComponent(LONG)}`,
    ],
    ['a page below an article', `${SHORT}/comments`],
    ['a page in capitals', LONG.replace('/s?', '/S?')],
    ['no parameters', 'https://mp.weixin.qq.com/s'],
    ['no parameters, but their mark', 'https://mp.weixin.qq.com/s/?'],
    ['parameters behind the #', LONG.replace('?', '#')],
    ['an account alone', `https://mp.weixin.qq.com/s?__biz=${BIZ}`],
    ['no account', LONG.replace(`__biz=${BIZ}&`, '')],
    ['no material', LONG.replace('&mid=2247499360', '')],
    ['no number', LONG.replace('&idx=2', '')],
    ['no signature', LONG.replace(/&sn.*/, '')],
    ['an empty part', LONG.replace('mid=2247499360', 'mid=')],
    ['number 0', LONG.replace('idx=2', 'idx=0')],
    ['two materials', `${LONG}&mid=2247499361`],
    ['names of the old form on the new page', LONG.replace('mid=', 'appmsgid=').replace('idx=', 'itemidx=')],
    ['a preview', `https://mp.weixin.qq.com/s?__biz=${BIZ}&tempkey=abc`],
    ['a link of a search engine', 'https://mp.weixin.qq.com/s?src=11&timestamp=1700000000&ver=1&signature=abc&new=1'],
    ['a title in front', `春季特卖 ${LONG}`],
    ['a title in front without a blank', `春季特卖${SHORT}`],
    ['words behind', `${LONG} look`],
    ['words right behind', `${SHORT}快看`],
    ['a link with its text', `[look](${LONG})`],
    ['an element', `<a href="${LONG}">look</a>`],
    ['two links', `${LONG} ${SHORT}`],
    ['two links with a comma', `${LONG}&chksm=1,${SHORT}`],
    ['a blank inside', LONG.replace('&mid', ' &mid')],
    ['a line’s end inside', LONG.replace('&mid', '\n&mid')],
    ['a quote inside', LONG.replace('&mid', '&a="b"&mid')],
    ['an encoded blank in a part', LONG.replace('&mid', '%20&mid')],
    ['a broken escape in a part', LONG.replace('==', '%3')],
    ['a short link that was cut', 'https://mp.weixin.qq.com/s/AbC...'],
    ['a long link that was cut', LONG.slice(0, -9) + '…'],
    ['a long link that was cut, quoted', `“${LONG.slice(0, -9)}...”`],
    ['a long link that was cut, from HTML', LONG.slice(0, -9) + '&hellip;'],
    ['a NUL behind', `${LONG}\u0000`],
    ['a NUL behind, from HTML', `${LONG}&#0;`],
    ['half a character', `${LONG}\ud83d`],
    ['half a character, from HTML', `${LONG}&#xd83d;`],
    ['escapes without end', LONG.replaceAll('&', `&${'amp;'.repeat(20)}`)],
    ['more than can be read', `${LONG}&x=${'x'.repeat(4_096)}`],
  ])('finds nothing in %s', (_what, text) => {
    expect(readArticleLink(text)).toBeUndefined();
  });

  it.each(['mid=2247499361', 'idx=1', 'sn=7f578d217699fabba9d56e29354ce066', '__biz=MzAwMDAwMDAwMg=='])(
    'keeps another article apart: %s',
    (part) => {
      const [name] = part.split('=');
      expect(canonical(LONG.replace(new RegExp(`${name}=[^&]*`), part))).toContain(part);
      expect(canonical(LONG.replace(new RegExp(`\\b${name}=[^&]*`), part))).not.toBe(LONG);
    },
  );
});

describe('any link', () => {
  const word = (letters: string, minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...letters), minLength, maxLength });
  const letters = 'abcxyzABCXYZ0189';
  const address = fc.record({
    biz: fc.nat().map((id) => Buffer.from(String(3_000_000_000 + id)).toString('base64')),
    mid: fc.nat().map((id) => String(2_247_483_648 + id)),
    idx: fc.integer({ min: 1, max: 8 }),
    sn: word('0123456789abcdef', 32, 32),
  });
  const more = fc.array(
    fc
      .tuple(fc.constantFrom('chksm', 'scene', 'from', 'key', 'ascene'), word(letters, 0, 40))
      .map((pair) => pair.join('=')),
    { maxLength: 4 },
  );
  /** A long or a short one, with its canonical form. */
  const spelled = fc.oneof(
    fc
      .tuple(address, more)
      .chain(([{ biz, mid, idx, sn }, others]) =>
        fc.record({
          query: fc
            .shuffledSubarray([`__biz=${biz}`, `mid=${mid}`, `idx=${idx}`, `sn=${sn}`, ...others], {
              minLength: 4 + others.length,
            })
            .map((parameters) => parameters.join('&')),
          canonical: fc.constant(`https://mp.weixin.qq.com/s?__biz=${biz}&mid=${mid}&idx=${idx}&sn=${sn}`),
        }),
      )
      .chain(({ query, canonical: form }) =>
        fc.record({ tail: fc.constantFrom(`/s?${query}`, `/s/?${query}`), canonical: fc.constant(form) }),
      ),
    fc
      .tuple(word(`${letters}-_`, 1, 22), more)
      .map(([id, others]) => ({ tail: `/s/${id}?${others.join('&')}`, canonical: `https://mp.weixin.qq.com/s/${id}` })),
  );
  const entities = (entity: string) => (text: string) => text.replaceAll('&', entity);
  const wrapping = fc.oneof(
    fc
      .tuple(
        fc.string({
          unit: fc.constantFrom(...`"'“”‘’「」『』《》〈〉«»<>()（）【】 \t\n\u3000\ufeff\u200b`),
          maxLength: 5,
        }),
        fc.string({
          unit: fc.constantFrom(...`"'“”‘’「」『』《》〈〉«»<>()（）【】,;，。；、！ \n\u3000\ufeff\u200b`),
          maxLength: 5,
        }),
      )
      .map(
        ([before, after]) =>
          (text: string) =>
            `${before}${text}${after}`,
      ),
    fc.constantFrom('&amp;', '&#38;', '&#x26;', '&AMP;').map(entities),
    fc.constant((text: string) => text.replace(/[?&=]/g, '\\$&')),
    fc.constant((text: string) => JSON.stringify(text).replaceAll('/', '\\/')),
  );
  const decorated = fc
    .record({
      link: spelled,
      start: fc.constantFrom('https://', 'http://', 'HTTPS://', '//', ''),
      host: fc.constantFrom('mp.weixin.qq.com', 'MP.WEIXIN.QQ.COM', 'Mp.Weixin.qq.com'),
      fragment: fc.constantFrom('', '#', '#rd', '#wechat_redirect'),
      wrappings: fc.array(wrapping, { maxLength: 3 }),
    })
    .map(({ link, start, host, fragment, wrappings }) => ({
      text: wrappings.reduce((text, wrap) => wrap(text), `${start}${host}${link.tail}${fragment}`),
      canonical: link.canonical,
    }));

  it('reads the same, however it is spelled and wrapped', () => {
    fc.assert(
      fc.property(decorated, (link) => {
        expect(canonical(link.text)).toBe(link.canonical);
      }),
      { numRuns: 500 },
    );
  });

  it('reads the same again from what was made of it', () => {
    fc.assert(
      fc.property(decorated, ({ text }) => {
        const link = readArticleLink(text);
        expect(readArticleLink(link?.url ?? '')).toEqual(link);
        expect(readArticleLink(link?.canonical ?? '')).toEqual({ ...link, url: link?.canonical });
      }),
    );
  });

  it('is never found where there is text before it', () => {
    fc.assert(
      fc.property(spelled, word(`${letters}标题`, 1, 8), ({ tail }, title) => {
        for (const blank of ['', ' ']) {
          expect(readArticleLink(`${title}${blank}https://mp.weixin.qq.com${tail}`)).toBeUndefined();
        }
      }),
    );
  });
});

describe('any text', () => {
  it('is read or not, without an error, and what is read names an article', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom(
        LONG,
        SHORT,
        'https://',
        'mp.weixin.qq.com',
        '/s',
        '/s?',
        '__biz=',
        BIZ,
        '&mid=1',
        '&idx=1',
        '&sn=a',
      ),
      fc.constantFrom(
        '&amp;',
        '&#38;',
        '&#xd800;',
        '&#x110000;',
        '%',
        '%3D',
        '%ff',
        '\\x26',
        '\\u',
        '\\',
        '"',
        '”',
        '<![CDATA[',
        ']]>',
        '\ud83d',
        '..',
      ),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
        const link = readArticleLink(some.join(''));
        if (link)
          expect(link.canonical).toMatch(
            /^https:\/\/mp\.weixin\.qq\.com\/s(\?__biz=[\w+/-]+={0,2}&mid=\d+&idx=\d+&sn=[\w-]+|\/[\w-]+)$/,
          );
      }),
      { numRuns: 1_000 },
    );
  });

  it('of any length is read, or is not read at all', () => {
    const hostile = [
      '&',
      '&amp;',
      '&#',
      '\\',
      '\\x5c',
      '"',
      '.',
      '%25',
      '[',
      ' ',
      'https%3A',
      `${LONG} `,
      '&a=&',
      '&%2525',
      '&%ff',
      '/',
    ];
    for (const piece of hostile) {
      for (const length of [4_096, 4_000_000]) {
        const long = piece.repeat(length / piece.length);
        for (const text of [long, `${LONG}${long}`, `${long}${LONG}`]) readArticleLink(text);
      }
    }
    expect(readArticleLink(' '.repeat(4_000_000) + LONG)).toBeUndefined();
  });
});

describe('the parts of a link', () => {
  it('are its address', () => {
    const url = 'http://mp.weixin.qq.com/s?__biz=MzA3MDM3NjE5NQ==&mid=2650&idx=2&sn=abc&chksm=x#rd';
    expect(readArticleAddress(url)).toEqual({ biz: 'MzA3MDM3NjE5NQ==', mid: '2650', idx: 2, sn: 'abc' });
    expect(readArticleAddress(SHORT)).toBeUndefined();
    expect(readArticleAddress('no address')).toBeUndefined();
  });

  it('are the name in a short one', () => {
    expect(readShortArticleId(SHORT)).toBe('AbC-12_x');
    expect(readShortArticleId(LONG)).toBeUndefined();
    expect(readShortArticleId('')).toBeUndefined();
  });

  it('make one form, and what has none stays as it is', () => {
    expect(canonicalArticleUrl(` ${LONG}#rd`)).toBe(LONG);
    expect(canonicalArticleUrl('https://example.com/s/AbC#rd')).toBe('https://example.com/s/AbC#rd');
  });
});
