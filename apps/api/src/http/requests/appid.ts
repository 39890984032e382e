import { z } from 'zod';

/** Real ones are `wx` and 16 hexadecimal digits; nothing here depends on more than that they can stand in a path. */
export const appidSchema = z.string().regex(/^[A-Za-z0-9_-]{4,64}$/, 'must be an appid, e.g. wx570bc396a51b8ff8');
