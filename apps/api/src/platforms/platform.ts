import { z } from 'zod';
import type { Platform } from '@app/merchants';
import { appidSchema } from '../http/appid.js';
import { textSchema } from '../http/text.js';

const encodingAesKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9]{43}$/, 'must be the 43 letters and digits of the message encryption key');
const secretSchema = textSchema(200).min(1);

const secretsShape = {
  app_secret: secretSchema,
  token: secretSchema,
  encoding_aes_key: encodingAesKeySchema,
  previous_encoding_aes_key: encodingAesKeySchema.nullable().optional(),
};

export const registerPlatformSchema = z
  .strictObject({ component_appid: appidSchema, ...secretsShape })
  .meta({ id: 'RegisterPlatform' });
export type RegisterPlatform = z.output<typeof registerPlatformSchema>;

export const updatePlatformSchema = z.strictObject(secretsShape).partial().meta({ id: 'UpdatePlatform' });
export type UpdatePlatform = z.output<typeof updatePlatformSchema>;

/** Without its secrets: they can be written, not read. */
export const platformSchema = z
  .object({
    component_appid: z.string(),
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
    ticket_received_at: platform.ticketReceivedAt?.toISOString() ?? null,
    created_at: platform.createdAt.toISOString(),
    updated_at: platform.updatedAt.toISOString(),
  };
}
