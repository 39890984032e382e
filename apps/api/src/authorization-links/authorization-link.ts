import { z } from 'zod';
import type { AuthorizationLink } from '@app/merchants';
import { appidSchema } from '../http/requests/appid.js';
import { textSchema } from '../http/requests/text.js';

const DAY_S = 86_400;

export const issueLinkSchema = z
  .strictObject({
    platform: appidSchema.meta({ description: 'component_appid' }),
    ref: textSchema(200).min(1).nullable().default(null).meta({
      description: 'Your own name for whoever authorizes by the link; a merchant that has one keeps it.',
    }),
    merchant: appidSchema.nullable().default(null).meta({
      description: 'authorizer_appid of the one account that the link is for. Null: whichever authorizes.',
    }),
    expires_in: z
      .int()
      .min(60)
      .max(30 * DAY_S)
      .default(7 * DAY_S)
      .meta({ description: 'Seconds from now.' }),
    single_use: z
      .boolean()
      .default(true)
      .meta({ description: 'False: any number of authorizations until it expires.' }),
    return_url: z
      .url()
      .max(2_000)
      .nullable()
      .default(null)
      .meta({
        description:
          'Where the result page leads back to, with `result` (`authorized`, `incomplete`, `failed`), `merchant` and ' +
          '`ref`: https, of an origin in RETURN_ORIGINS or below one of the `return_urls` of the platform. Null: the ' +
          '`return_url` of the platform.',
      }),
  })
  .meta({ id: 'IssueAuthorizationLink', examples: [{ platform: 'wx0123456789abcdef', ref: 'shop 7' }] });
export type IssueLink = z.output<typeof issueLinkSchema>;

export const authorizationLinkSchema = z
  .object({
    id: z.string(),
    url: z.string().meta({ description: 'For the merchant’s admin. Whoever has it can follow it.' }),
    platform: z.string(),
    ref: z.string().nullable(),
    merchant: z.string().nullable(),
    single_use: z.boolean(),
    return_url: z.string().nullable(),
    expires_at: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'AuthorizationLink' });
export type AuthorizationLinkResource = z.input<typeof authorizationLinkSchema>;

/** Without its address, which is not for the table of idempotency keys. */
export const unsignedResource = (
  platform: string,
  link: AuthorizationLink,
): Omit<AuthorizationLinkResource, 'url'> => ({
  id: link.id,
  platform,
  ref: link.ref,
  merchant: link.authorizerAppid,
  single_use: link.isSingleUse,
  return_url: link.returnUrl,
  expires_at: link.expiresAt.toISOString(),
  created_at: link.createdAt.toISOString(),
});
