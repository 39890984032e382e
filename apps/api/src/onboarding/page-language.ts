import type { FastifyRequest } from 'fastify';
import { languages, preferredLanguage, type Language } from '@app/words';

/** The language of a page: the one that its switch has chosen, otherwise the one that the browser prefers. */
export function languageOf({ query, headers }: Pick<FastifyRequest, 'query' | 'headers'>): Language {
  const { lang } = query as { lang?: unknown };
  return languages.find((language) => language === lang) ?? preferredLanguage(headers['accept-language']);
}
