import { z } from 'zod';

/** Without an offset nobody knows which moment is meant, and in a query `+` is a blank. */
const error =
  'must be a moment with its offset, such as 2026-10-01T00:00:00Z or 2026-10-01T00:00:00+08:00 (in a query, + is %2B)';

export const momentSchema = z.iso.datetime({ offset: true, error }).transform((text) => new Date(text));
