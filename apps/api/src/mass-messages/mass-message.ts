import { z } from 'zod';
import { WHOLE_MESSAGE, type Gone, type GoneBy } from '@app/deletions';
import { MICROS } from '@app/database';
import { isBySendTime, type MessageKey, type SentMessage } from '@app/merchants';
import { appidSchema } from '../http/requests/appid.js';
import { longLists } from '../http/bodies/long-lists.js';
import { problemCodes } from '../http/problems/problems.js';
import { momentSchema } from '../http/requests/moment.js';
import { givenMsgIdSchema, msgIdSchema } from '../http/requests/msg-id.js';
import { wordsSchema } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';
import { wholeNumberSchema } from '../http/requests/whole-number.js';

/** A message is named by its msg_id and its merchant; where the last sent comes first, when that was is a part of the place. */
const cursorSchema = z.union([
  z.tuple([msgIdSchema, z.uuid()]),
  z.tuple([msgIdSchema, z.uuid(), z.string().regex(new RegExp(`^${MICROS.source}$`))]),
]);

/** Clients see it as an opaque cursor. */
export const wordOf = ({ msgId, merchantId, sentMicros }: MessageKey): string =>
  [msgId, merchantId, ...(sentMicros ? [sentMicros] : [])].join('/');

const listSchema = z.strictObject({
  merchant: appidSchema.optional(),
  component_appid: appidSchema.optional(),
  label: textSchema(200).min(1).optional(),
  q: wordsSchema.optional().meta({
    description:
      'Words within titles or labels, or else within addresses or the msg_id; or a whole msg_id or article address.',
  }),
  sent_after: momentSchema
    .optional()
    .meta({ description: 'Those that were sent, as far as is known, from this moment on.' }),
  sent_before: momentSchema
    .optional()
    .meta({ description: 'Those that were sent, as far as is known, before this moment.' }),
  limit: wholeNumberSchema(1, 200).default(50),
  cursor: z
    .string()
    .max(200)
    .transform((text, context) => {
      const parts = cursorSchema.safeParse(Buffer.from(text, 'base64url').toString('utf8').split('/'));
      if (parts.success) return { msgId: parts.data[0], merchantId: parts.data[1], sentMicros: parts.data[2] };
      context.addIssue('is not a cursor that a list gave');
      return z.NEVER;
    })
    .optional(),
});

export const listMassMessagesSchema = listSchema.refine(
  ({ cursor, sent_after: sentAfter, sent_before: sentBefore }) =>
    cursor === undefined || (cursor.sentMicros !== undefined) === isBySendTime({ sentAfter, sentBefore }),
  { path: ['cursor'], message: 'is a cursor of a list with other filters' },
);
export type ListMassMessages = z.output<typeof listMassMessagesSchema>;

const MAX_MESSAGES = 10_000;
const label = textSchema(200).min(1);

const articleShape = {
  article_idx: z.int().min(1).max(1_000),
  url: textSchema(2_048).optional(),
  title: textSchema(500).optional(),
};

export const importedMessageSchema = z
  .strictObject({
    merchant: appidSchema.meta({ description: 'authorizer_appid' }),
    component_appid: appidSchema.optional().meta({ description: 'Only if the merchant authorized several platforms.' }),
    msg_id: givenMsgIdSchema,
    label: label.optional().meta({ description: 'Your name for a campaign: takedowns select by it.' }),
    title: textSchema(500).optional(),
    sent_at: momentSchema.optional(),
    articles: z.array(z.strictObject(articleShape)).max(100).default([]),
  })
  .meta({
    id: 'ImportedMassMessage',
    examples: [{ merchant: 'wx570bc396a51b8ff8', msg_id: '3147483661', label: 'spring sale', title: 'Spring sale' }],
  });
export type ImportedMessageRequest = z.output<typeof importedMessageSchema>;

/** A record of CSV: a message with one of its articles, or without. Several of one message add up. */
export const importedArticleSchema = z
  .strictObject({
    ...importedMessageSchema.omit({ articles: true }).shape,
    article_idx: articleShape.article_idx.optional(),
    article_url: articleShape.url,
    article_title: articleShape.title,
  })
  .refine(
    ({ article_idx, article_url, article_title }) =>
      article_idx !== undefined || (article_url === undefined && article_title === undefined),
    { path: ['article_idx'], message: 'must be there where article_url or article_title is' },
  )
  .transform(({ article_idx, article_url, article_title, ...message }) => ({
    ...message,
    articles: article_idx === undefined ? [] : [{ article_idx, url: article_url, title: article_title }],
  }));

export const importSchema = z
  .union([importedMessageSchema, z.array(importedMessageSchema).min(1).max(MAX_MESSAGES)])
  .meta({
    id: 'ImportMassMessages',
    examples: [
      { merchant: 'wx570bc396a51b8ff8', msg_id: '3147483661', label: 'spring sale', title: 'Spring sale' },
      [
        { merchant: 'wx570bc396a51b8ff8', msg_id: '3147483662', label: 'spring sale' },
        { merchant: 'wx570bc396a51b8ff8', msg_id: '3147483663', label: 'summer sale' },
      ],
    ],
  });
longLists.set(importSchema, {
  item: importedMessageSchema,
  rest: z.array(z.unknown()).min(1).max(MAX_MESSAGES),
});
export type ImportRequest = z.output<typeof importSchema>;

export const importResultSchema = z
  .object({
    imported: z.int(),
    rejected: z.int(),
    errors: z
      .array(z.object({ line: z.int(), code: z.string().meta({ enum: problemCodes }), detail: z.string() }))
      .meta({ description: 'What was not imported, up to 10,000; lines are counted from 1.' }),
  })
  .meta({ id: 'ImportResult' });

const count = z.int().nullable();

/** Null also where a deletion may have gone out that nobody here asked for. */
const goneShape = {
  deleted_at: z.string().nullable().meta({
    description: 'When a deletion of ours ended by which it is known to be gone, as far as the key may know.',
  }),
  deleted_by: z.string().nullable().meta({ description: 'The id of that deletion, also where it is `pruned`.' }),
};

export const massMessageSchema = z
  .object({
    merchant: z.string(),
    component_appid: z.string(),
    merchant_name: z.string().nullable().meta({ description: 'The account’s nickname, once WeChat has told it.' }),
    msg_id: z.string().meta({ description: 'Decimal digits.' }),
    status: z.string().meta({
      description: '`send success`, `send fail` or `err(N)`, as WeChat said it; `imported` if it did not yet.',
    }),
    status_code: count,
    total_count: count,
    filter_count: count,
    sent_count: count,
    error_count: count,
    finished_at: z.string().nullable(),
    label: z.string().nullable(),
    title: z.string().nullable(),
    ...goneShape,
    articles: z.array(
      z.object({
        article_idx: z.int(),
        url: z.string().nullable(),
        title: z.string().nullable(),
        ...goneShape,
        source: z
          .enum(['wechat', 'import', 'limited_import'])
          .nullable()
          .meta({
            description:
              'Who told of the `url`: WeChat, an import by a key without limits, or one by a key with limits, ' +
              'which counts for keys within these only. Null: from before this was written down, and it counts ' +
              'for nobody until it is imported again.',
          }),
      }),
    ),
  })
  .meta({ id: 'MassMessage' });

const goneOf = (gone: Gone | undefined) => ({
  deleted_at: gone?.finishedAt.toISOString() ?? null,
  deleted_by: gone?.id ?? null,
});

export function massMessageResource(
  message: SentMessage,
  goneBy: GoneBy = () => undefined,
): z.input<typeof massMessageSchema> {
  return {
    merchant: message.authorizerAppid,
    component_appid: message.componentAppid,
    merchant_name: message.merchantName,
    msg_id: message.msgId,
    status: message.status,
    status_code: message.statusCode,
    total_count: message.totalCount,
    filter_count: message.filterCount,
    sent_count: message.sentCount,
    error_count: message.errorCount,
    finished_at: message.finishedAt?.toISOString() ?? null,
    label: message.label,
    title: message.title,
    ...goneOf(goneBy(WHOLE_MESSAGE)),
    articles: message.articles.map(({ articleIdx, url, title, source }) => ({
      article_idx: articleIdx,
      url,
      title,
      ...goneOf(goneBy(articleIdx)),
      source,
    })),
  };
}
