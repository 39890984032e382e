import { z } from 'zod';
import { isForwardUrl, type Platform } from '@app/merchants';
import { appidSchema } from '../http/appid.js';

const encodingAesKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9]{43}$/, 'must be the 43 letters and digits of the message encryption key');
const secretSchema = z.string().min(1).max(200);

const forwardUrlsSchema = z
  .array(z.string().refine(isForwardUrl, 'must be an http(s) URL without user, password and fragment'))
  .max(10)
  .refine((urls) => new Set(urls).size === urls.length, 'must not name a URL twice')
  .meta({
    description: 'Where verified pushes go as well, byte for byte. $APPID$ becomes the appid that the push is about.',
  });

const settingsShape = {
  app_secret: secretSchema,
  token: secretSchema,
  encoding_aes_key: encodingAesKeySchema,
  previous_encoding_aes_key: encodingAesKeySchema.nullable().optional(),
  forward_urls: forwardUrlsSchema.optional(),
};

export const registerPlatformSchema = z
  .strictObject({ component_appid: appidSchema, ...settingsShape })
  .meta({ id: 'RegisterPlatform' });
export type RegisterPlatform = z.output<typeof registerPlatformSchema>;

export const updatePlatformSchema = z.strictObject(settingsShape).partial().meta({ id: 'UpdatePlatform' });
export type UpdatePlatform = z.output<typeof updatePlatformSchema>;

/** Without its secrets: they can be written, not read. */
export const platformSchema = z
  .object({
    component_appid: z.string(),
    forward_urls: z.array(z.string()),
    ticket_received_at: z
      .string()
      .nullable()
      .meta({ description: 'When WeChat last pushed a component_verify_ticket.' }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Platform' });

export function platformResource(platform: Platform): z.input<typeof platformSchema> {
  return {
    component_appid: platform.componentAppid,
    forward_urls: platform.forwardUrls,
    ticket_received_at: platform.ticketReceivedAt?.toISOString() ?? null,
    created_at: platform.createdAt.toISOString(),
    updated_at: platform.updatedAt.toISOString(),
  };
}
