import { z } from 'zod';

/** Text that can be stored and sent: Postgres takes no NUL, UTF-8 has no half of a surrogate pair. */
export const textSchema = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    // eslint-disable-next-line no-control-regex -- the one control character that is looked for
    .refine((text) => !/[\u0000\p{Surrogate}]/u.test(text), 'has a NUL or half a character in it');
