import { z } from 'zod';
import type { SentMessage } from '@app/merchants';
import { appidSchema } from '../http/appid.js';
import { msgIdSchema } from '../http/msg-id.js';

/** Within a merchant's inventory the msg_id itself is where a page starts; clients see it as an opaque cursor. */
export const listMassMessagesSchema = z.strictObject({
  merchant: appidSchema,
  component_appid: appidSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .max(100)
    .transform((text, context) => {
      const msgId = msgIdSchema.safeParse(Buffer.from(text, 'base64url').toString('utf8'));
      if (msgId.success) return msgId.data;
      context.addIssue('is not a cursor that a list gave');
      return z.NEVER;
    })
    .optional(),
});
export type ListMassMessages = z.output<typeof listMassMessagesSchema>;

const count = z.int().nullable();

export const massMessageSchema = z
  .object({
    merchant: z.string(),
    component_appid: z.string(),
    msg_id: z.string().meta({ description: 'Decimal digits.' }),
    status: z.string().meta({ description: '`send success`, `send fail` or `err(N)`, as WeChat said it.' }),
    status_code: count,
    total_count: count,
    filter_count: count,
    sent_count: count,
    error_count: count,
    finished_at: z.string(),
    articles: z.array(z.object({ article_idx: z.int(), url: z.string() })),
  })
  .meta({ id: 'MassMessage' });

export function massMessageResource(message: SentMessage): z.input<typeof massMessageSchema> {
  return {
    merchant: message.authorizerAppid,
    component_appid: message.componentAppid,
    msg_id: message.msgId,
    status: message.status,
    status_code: message.statusCode,
    total_count: message.totalCount,
    filter_count: message.filterCount,
    sent_count: message.sentCount,
    error_count: message.errorCount,
    finished_at: message.finishedAt.toISOString(),
    articles: message.articles.map(({ articleIdx, url }) => ({ article_idx: articleIdx, url })),
  };
}
