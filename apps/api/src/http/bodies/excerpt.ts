import { scrub } from '@app/logging';

const EXCERPT_CHARACTERS = 200;

/**
 * The beginning of a text that was sent, without anything that looks like a secret: it helps to find what was refused.
 */
export function excerptOf(text: string, characters = EXCERPT_CHARACTERS): string {
  const start = scrub(text.slice(0, 2 * characters)).slice(0, characters);
  // eslint-disable-next-line no-control-regex -- what cannot be stored: NUL, and half a character
  return start.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');
}
