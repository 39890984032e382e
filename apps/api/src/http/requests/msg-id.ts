import { z } from 'zod';
import { readMsgId } from '@app/wechat';

/** A msg_id in digits, as this API writes them. */
export const msgIdSchema = z.string().refine((text) => readMsgId(text) !== undefined, 'must be a msg_id');
