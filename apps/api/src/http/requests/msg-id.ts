import { z } from 'zod';
import { peelPastedText, readMsgId } from '@app/wechat';

/** A msg_id in digits, as this API writes them. */
export const msgIdSchema = z
  .string()
  .overwrite(peelPastedText)
  .refine((text) => readMsgId(text) !== undefined, 'must be a msg_id');

/** A msg_id as clients give it. Whether it is one, and whether a number has lost digits, has problems of its own. */
export const givenMsgIdSchema = z.union([z.number(), z.string().overwrite(peelPastedText).max(40)]);
