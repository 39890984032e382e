import { parse, stringify } from 'lossless-json';

/**
 * JSON without loss, as WeChat writes it: whole numbers beyond ±(2⁵³−1) come back as bigint, all others as number.
 * Names that merchants and fans give themselves come with raw control characters and broken escapes in them, which
 * other readers refuse. Of equal names the last one counts, but for `errcode`, on which everything hangs.
 * @throws whatever the parser throws on text that is not JSON for other reasons
 */
export function parseJson(text: string): unknown {
  const json = text.replace(/^\ufeff+/, '');
  try {
    return parseExact(json);
  } catch (error) {
    const mended = mendStrings(json);
    if (mended === json) throw error;
    return parseExact(mended);
  }
}

const parseExact = (text: string): unknown =>
  parse(text, undefined, {
    parseNumber: (digits) => {
      const number = Number(digits);
      return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number;
    },
    onDuplicateKey: ({ key, newValue }) => {
      if (key === 'errcode') throw new SyntaxError('two errcodes that differ');
      return newValue;
    },
  });

const ESCAPE = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
// eslint-disable-next-line no-control-regex -- these are the characters that JSON wants escaped
const ODD = /["\\\u0000-\u001f]/g;

/**
 * Escapes what stands raw inside strings: control characters, and backslashes that begin no escape. Between strings a
 * control character is layout.
 */
function mendStrings(json: string): string {
  const parts: string[] = [];
  let from = 0;
  let isInString = false;
  ODD.lastIndex = 0;
  for (let found = ODD.exec(json); found; found = ODD.exec(json)) {
    const [character] = found;
    const at = found.index;
    let mended = character;
    if (character === '"') isInString = !isInString;
    else if (character !== '\\') mended = isInString ? escapeOf(character) : ' ';
    else if (isInString) {
      const escape = ESCAPE.exec(json.slice(at, at + 6))?.[0];
      mended = escape ?? '\\\\';
      ODD.lastIndex = at + (escape ?? character).length;
    }
    parts.push(json.slice(from, at), mended);
    from = ODD.lastIndex;
  }
  parts.push(json.slice(from));
  return parts.join('');
}

const escapeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** JSON in raw UTF-8, bigint as a JSON number; undefined fields are left out. */
export function writeJson(body: Record<string, unknown>): string {
  return stringify(body) ?? '';
}

/** WeChat answers 47002 to `\uXXXX`, and JSON has no other way to write control characters and half surrogates. */
export function hasUnicodeEscapes(json: string): boolean {
  // Pairs of backslashes go first, so that a backslash followed by the letter u is not taken for an escape.
  return json.replaceAll('\\\\', '').includes('\\u');
}
