import { z } from 'zod';
import { holdReasons, type PlatformHoldView } from '@app/deletions';
import {
  isForwardUrl,
  MAX_LOGO_BYTES,
  readLogo,
  ticketStateAt,
  type Platform,
  type ReconciliationReport,
} from '@app/merchants';
import type { Scope } from '@app/scope';
import { appidSchema } from '../http/requests/appid.js';
import { textSchema } from '../http/requests/text.js';

const encodingAesKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9]{43}$/, 'must be the 43 letters and digits of the message encryption key');
const secretSchema = textSchema(200).min(1);

const forwardUrlsSchema = z
  .array(z.string().refine(isForwardUrl, 'must be an http(s) URL without user, password and fragment'))
  .max(10)
  .refine((urls) => new Set(urls).size === urls.length, 'must not name a URL twice')
  .meta({
    description:
      'Where verified pushes go as well, byte for byte. $APPID$ becomes the appid that the push is about. ' +
      'Only a key without limits may set them: they may lead into the own network.',
  });

const httpsUrlSchema = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .max(2_000)
  .refine((text) => {
    if (!URL.canParse(text)) return true;
    const { username, password } = new URL(text);
    return username === '' && password === '';
  }, 'must not have a user name');

const returnUrlsSchema = z
  .array(httpsUrlSchema.refine((text) => !/[?#]/.test(text), 'must have no query and no fragment'))
  .max(20)
  .meta({
    description:
      'What the `return_url` of a link may begin with: https, whole path segments. RETURN_ORIGINS count too.',
  });

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const logoSchema = z
  .string()
  .min(1)
  .max(Math.ceil(MAX_LOGO_BYTES / 3) * 4)
  .regex(BASE64, 'must be base64')
  .transform((text, context) => {
    const logo = readLogo(text);
    if (logo) return logo;
    context.addIssue('must be a PNG, JPEG or WebP picture of at most 48 kB');
    return z.NEVER;
  })
  .meta({ description: 'A PNG, JPEG or WebP picture of at most 48 kB, in base64. Null: none.' });

const settingsShape = {
  app_secret: secretSchema,
  token: secretSchema,
  encoding_aes_key: encodingAesKeySchema,
  previous_encoding_aes_key: encodingAesKeySchema.nullable().optional(),
  forward_urls: forwardUrlsSchema.optional(),
  provider_name: textSchema(60).min(1).nullable().optional().meta({
    description: 'Your name as merchants know it: it stands on the authorization pages. Null: none.',
  }),
  provider_logo: logoSchema.nullable().optional(),
  return_urls: returnUrlsSchema.optional(),
  return_url: httpsUrlSchema.nullable().optional().meta({
    description:
      'Where the authorization pages lead back to, unless the link says where, with `result` and more. Null: nowhere.',
  }),
};

export const registerPlatformSchema = z.strictObject({ component_appid: appidSchema, ...settingsShape }).meta({
  id: 'RegisterPlatform',
  examples: [
    {
      component_appid: 'wx6b2f9d40c3a1e875',
      app_secret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e',
      token: 'aTokenForPushes',
      encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
      forward_urls: ['https://crm.example.com/wechat/$APPID$'],
    },
  ],
});
export type RegisterPlatform = z.output<typeof registerPlatformSchema>;

export const updatePlatformSchema = z
  .strictObject(settingsShape)
  .partial()
  .meta({
    id: 'UpdatePlatform',
    examples: [
      { forward_urls: ['https://crm.example.com/wechat/$APPID$'] },
      {
        provider_name: '青禾科技',
        return_urls: ['https://crm.example.com/wechat'],
        return_url: 'https://crm.example.com/wechat/done',
      },
    ],
  });
export type UpdatePlatform = z.output<typeof updatePlatformSchema>;

/** Without its secrets: they can be written, not read. */
export const platformSchema = z
  .object({
    component_appid: z.string(),
    callback_urls: z.object({ events: z.string(), messages: z.string() }).meta({
      description:
        'What to enter at WeChat as the authorization-event URL and the message-and-event URL: `PUBLIC_URL` has to be where ' +
        'WeChat reaches this service. WeChat puts an appid in the place of `$APPID$`.',
    }),
    forward_urls: z
      .array(z.string())
      .optional()
      .meta({ description: 'Not shown to a key that is limited to merchants.' }),
    provider_name: z.string().nullable(),
    provider_logo_url: z.string().nullable(),
    return_urls: z.array(z.string()),
    return_url: z.string().nullable(),
    ticket_received_at: z
      .string()
      .nullable()
      .meta({ description: 'When WeChat last pushed a component_verify_ticket.' }),
    ticket_age_seconds: z.int().nullable(),
    ticket_state: z
      .enum(['fresh', 'silent', 'missing'])
      .meta({ description: 'silent: none for half an hour; missing: none that WeChat would still take.' }),
    reconciled_at: z
      .string()
      .nullable()
      .meta({ description: "When WeChat's list of authorizers was last compared with the merchants here." }),
    hold: z
      .object({
        reason: z.enum(holdReasons),
        errcode: z.int().nullable(),
        since: z.string(),
        next_probe_at: z.string().nullable(),
      })
      .nullable()
      .meta({
        description: 'While every call would fail, none is made but a probe now and then; null while it works.',
      }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Platform' });

interface Seen {
  hold: PlatformHoldView | undefined;
  callbackUrls: { events: string; messages: string };
  logoUrl: string | null;
}

/** @param scope of whoever reads: the provider's own addresses are not for the merchants */
export function platformResource(
  platform: Platform,
  { hold, callbackUrls, logoUrl }: Seen,
  { merchants }: Scope,
): z.input<typeof platformSchema> {
  const ticket = ticketStateAt(platform.ticketReceivedAt, new Date());
  return {
    component_appid: platform.componentAppid,
    callback_urls: callbackUrls,
    ...(merchants === null && { forward_urls: platform.forwardUrls }),
    provider_name: platform.providerName,
    provider_logo_url: logoUrl,
    return_urls: platform.returnUrls,
    return_url: platform.returnUrl,
    ticket_received_at: platform.ticketReceivedAt?.toISOString() ?? null,
    ticket_age_seconds: ticket.ageMs === null ? null : Math.floor(ticket.ageMs / 1000),
    ticket_state: ticket.state,
    reconciled_at: platform.reconciledAt?.toISOString() ?? null,
    hold: hold
      ? {
          reason: hold.reason,
          errcode: hold.errcode,
          since: hold.since.toISOString(),
          next_probe_at: hold.nextProbeAt.toISOString(),
        }
      : null,
    created_at: platform.createdAt.toISOString(),
    updated_at: platform.updatedAt.toISOString(),
  };
}

export const reconciliationReportSchema = z
  .object({
    listed: z.int().meta({ description: 'Accounts on the list that WeChat has of those who authorize the platform.' }),
    added: z.int(),
    repaired: z.int().meta({ description: 'Merchants whose refresh token was lost or outdated.' }),
    readopted: z.int().meta({ description: 'Merchants whose grant was thought to be gone.' }),
    absent_count: z.int().meta({ description: 'Merchants that are authorized here and not on the list.' }),
    absent: z.array(z.string()).meta({ description: 'Their appids, the first hundred.' }),
  })
  .meta({ id: 'ReconciliationReport' });

export function reconciliationResource(report: ReconciliationReport): z.input<typeof reconciliationReportSchema> {
  const { listed, added, repaired, readopted, absentCount, absent } = report;
  return { listed, added, repaired, readopted, absent_count: absentCount, absent };
}
