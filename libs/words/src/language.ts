/** The product speaks these two. */
export const languages = ['zh', 'en'] as const;
export type Language = (typeof languages)[number];

/** One meaning in both languages. */
export type Words = Readonly<Record<Language, string>>;

/**
 * The language that an `Accept-Language` header prefers; Chinese when it prefers none of ours.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4
 */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  const ranges = (acceptLanguage ?? '').split(',').map(rangeOf);
  const qualityOf = (language: Language) =>
    Math.max(0, ...ranges.filter(({ name }) => name === language).map(({ quality }) => quality));
  return qualityOf('en') > qualityOf('zh') ? 'en' : 'zh';
}

function rangeOf(range: string) {
  const [tag = '', ...parameters] = range
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/);
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = weight === undefined ? 1 : Number(weight);
  return { name: tag.split('-')[0] ?? '', quality: Number.isFinite(quality) ? quality : 0 };
}
