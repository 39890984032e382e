import { parse, stringify } from 'lossless-json';

/**
 * JSON without loss: whole numbers beyond ±(2⁵³−1) come back as bigint, all others as number.
 * @throws whatever the parser throws on text that is not JSON
 */
export function parseJson(text: string): unknown {
  return parse(text, undefined, (digits) => {
    const number = Number(digits);
    return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  });
}

/** JSON in raw UTF-8, bigint as a JSON number; undefined fields are left out. */
export function writeJson(body: Record<string, unknown>): string {
  return stringify(body) ?? '';
}

/** WeChat answers 47002 to `\uXXXX`, and JSON has no other way to write control characters and half surrogates. */
export function hasUnicodeEscapes(json: string): boolean {
  // Pairs of backslashes go first, so that a backslash followed by the letter u is not taken for an escape.
  return json.replaceAll('\\\\', '').includes('\\u');
}
