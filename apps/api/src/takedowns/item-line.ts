import type { ItemRequest, Rejection } from '@app/deletions';
import { scrub } from '@app/logging';
import type { Line } from '../http/ndjson.js';
import { JsonRefused, parseStrictJson } from '../http/strict-json.js';
import { itemSchema } from './takedown.js';

const EXCERPT_CHARACTERS = 200;

/** How something that was sent begins, without what looks like a secret: for those who look for what was refused. */
export function excerptOf(text: string): string {
  const start = scrub(text.slice(0, 2 * EXCERPT_CHARACTERS)).slice(0, EXCERPT_CHARACTERS);
  // eslint-disable-next-line no-control-regex -- what cannot be stored: NUL, and half a character
  return start.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');
}

/** One line of NDJSON: a request, or why it is none. */
export function readItemLine(read: Line): ItemRequest | Rejection {
  const { line } = read;
  if ('refusal' in read) return { line, ...LINE_REFUSALS[read.refusal] };
  let given: unknown;
  try {
    given = parseStrictJson(read.text);
  } catch (error) {
    if (error instanceof JsonRefused) return { line, code: error.code, detail: error.message };
    throw error;
  }
  const parsed = itemSchema.safeParse(given);
  if (parsed.success) return { ...parsed.data, line };
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'is not as expected' };
  return { line, code: 'invalid_request', detail: `${path.join('.') || 'the line'}: ${message}` };
}

const LINE_REFUSALS = {
  line_too_long: { code: 'line_too_long', detail: 'The line is longer than 64 kB.' },
  body_not_utf8: { code: 'body_not_utf8', detail: 'The line is not UTF-8.' },
};
