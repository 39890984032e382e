import { z } from 'zod';

// Fields that WeChat need not send. A value of an odd type counts as not said: it shall cost neither its siblings
// nor the answer.

/** Present or not. */
export const anything = z.unknown().optional();

const MAX_INT32 = 2 ** 31 - 1;

/** Undefined for '' and null, which come where WeChat has nothing to say. Without NUL, which no row can hold. */
export const text = anything.transform((value) => {
  const said = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  return typeof said === 'string' ? said.replaceAll('\0', '') || undefined : undefined;
});

/** A whole number that a column can hold, also in quotes. */
export const whole = anything.transform(toWhole);

/** A time in Unix seconds. */
export const moment = anything.transform((value) => {
  const seconds = toNumber(value);
  return seconds !== undefined && Number.isInteger(seconds) && seconds > 0 && seconds < 1e11 ? seconds : undefined;
});

/** Any number, also in quotes. */
export const amount = anything.transform(toNumber);

/** How long a token lasts, in seconds; without a sensible word of it, as long as is documented. */
export const lifetime = (documentedSeconds: number) =>
  anything.transform((value) => {
    const seconds = toWhole(value);
    return seconds !== undefined && seconds > 0 && seconds <= MAX_LIFETIME_SECONDS ? seconds : documentedSeconds;
  });

const MAX_LIFETIME_SECONDS = 30 * 24 * 3600;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of an object; none of what is no object. */
export const fieldsOf = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

export function toWhole(value: unknown): number | undefined {
  const number = toNumber(value);
  return number !== undefined && Number.isInteger(number) && Math.abs(number) <= MAX_INT32 ? number : undefined;
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*-?\d{1,15}(\.\d{1,6})?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
