import type { Language, Words } from '@app/words';

/** The names in braces within a text. */
type NameIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NameIn<Rest> : never;

export type Value = string | number;

/** What the braces of a text stand for. Both languages have the same; a test compares them. */
export type Values<W extends Words> = Record<NameIn<W['zh']>, Value>;

/** Says a text: `t(words.left, { count: 3 })`. Numbers are written as the language writes them. */
export type Say = <const W extends Words>(
  words: W,
  ...values: [NameIn<W['zh']>] extends [never] ? [] : [values: Values<W>]
) => string;

/** @returns the text with its values; a name without a value stays as it is */
export function fill(text: string, values: Readonly<Record<string, Value>>, language: Language): string {
  const number = new Intl.NumberFormat(language);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? number.format(value) : value;
  });
}
