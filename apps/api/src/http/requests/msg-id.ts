import { z } from 'zod';

const MAX_INT64 = 2n ** 63n - 1n;

/** A msg_id in digits, as this API writes them. */
export const msgIdSchema = z
  .string()
  .refine((text) => /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= MAX_INT64, 'must be a msg_id');
