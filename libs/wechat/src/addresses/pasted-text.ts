/**
 * The signs that people and programs put around a link: quotes and brackets of all scripts, the stops of a sentence.
 */
const AROUND = new Set(
  `"'\`´“”„‟‘’‚‛«»‹›「」『』〝〞〟《》〈〉＂＇＜＞<>()（）[]［］【】〔〕{}｛｝*|,;:!?.，；：！？．。、､｡`,
);

const ENTITIES: Partial<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  ldquo: '“',
  rdquo: '”',
  lsquo: '‘',
  rsquo: '’',
  laquo: '«',
  raquo: '»',
  hellip: '…',
};

/** More than anybody's programs have wrapped each other's output. Beyond it the text stays as it is. */
const ROUNDS = 6;

/**
 * Takes a link, an appid or a msg_id out of what copying has put around and into it: blanks, quotes and stops around
 * it, characters that nobody sees, and the escapes of HTML, XML, JSON, JavaScript and shells, also those of one inside
 * the other. None of the three has any of these in itself, so nothing is guessed. A text that is more keeps what it has.
 */
export function peelPastedText(text: string): string {
  // Most have nothing around them, and need none of the rounds.
  if (/^\w*$/.test(text)) return text;
  let peeled = text;
  for (let round = 0; round < ROUNDS; round++) {
    const before = peeled;
    peeled = trimAround(decodeWhole(decodeEntities(unescapeBackslashes(peeled.replace(/\p{Cf}/gu, '')))));
    if (peeled === before) break;
  }
  return peeled;
}

/** As the source of a page (`\x26amp;`), JSON (`\/`, `\u0026`) and shells (`\?`, `\&`) write them. */
function unescapeBackslashes(text: string): string {
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|([nrt])|([!-/:-@[-`{-~]))/gi,
    (
      _all,
      byte: string | undefined,
      unit: string | undefined,
      blank: string | undefined,
      itself: string | undefined,
    ) => {
      if (blank !== undefined) return ' ';
      return itself ?? String.fromCharCode(parseInt(byte ?? unit ?? '', 16));
    },
  );
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi,
    (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all;
      const codePoint = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : all;
    },
  );
}

/** A link that was the value of another link's parameter. */
function decodeWhole(text: string): string {
  if (!/^https?%(?:25)*3a/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function trimAround(text: string): string {
  const cdata = /^\s*<!\[CDATA\[/.exec(text);
  let start = cdata ? cdata[0].length : 0;
  let end = text.length;
  while (start < end && isAround(text[start])) start++;
  // A backslash at the end has lost what it stood before; at the start it is the next round's.
  while (end > start && (isAround(text[end - 1]) || text[end - 1] === '\\')) {
    // Two dots say that the link was cut: without them it would name something else.
    if (text[end - 1] === '.' && text[end - 2] === '.') break;
    end--;
  }
  return text.slice(start, end);
}

const isAround = (character = '') => AROUND.has(character) || /\s/.test(character);
