import { z } from 'zod';
import { peelPastedText } from '@app/wechat';

/**
 * Real ones are `wx` and 16 hexadecimal digits; nothing here depends on more than that they can stand in a path. People
 * paste them with quotes and blanks around.
 */
export const appidSchema = z
  .string()
  .overwrite(peelPastedText)
  .regex(/^[A-Za-z0-9_-]{4,64}$/, 'must be an appid, e.g. wx570bc396a51b8ff8');
