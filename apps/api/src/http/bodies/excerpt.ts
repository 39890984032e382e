import { scrub } from '@app/logging';

const EXCERPT_CHARACTERS = 200;

/** How something that was sent begins, without what looks like a secret: for those who look for what was refused. */
export function excerptOf(text: string, characters = EXCERPT_CHARACTERS): string {
  const start = scrub(text.slice(0, 2 * characters)).slice(0, characters);
  // eslint-disable-next-line no-control-regex -- what cannot be stored: NUL, and half a character
  return start.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');
}
