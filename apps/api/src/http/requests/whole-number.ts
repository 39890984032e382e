import { z } from 'zod';

/**
 * A whole number as a query has it. `Number` would read `0x10` and `1e3` as well, and nothing as 0: an undo window that a shell has
 * left empty would be none.
 */
export const wholeNumberSchema = (least: number, most: number) =>
  z
    .string('must be a whole number')
    .regex(/^-?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));
