import { z } from 'zod';
import { roles, type IssuedKey } from '@app/access';
import { appidSchema } from '../http/requests/appid.js';
import { momentSchema } from '../http/requests/moment.js';
import { textSchema } from '../http/requests/text.js';

const nameSchema = textSchema(100).min(1).meta({ description: 'For people: which system uses the key.' });
const expiresAtSchema = momentSchema
  .refine((moment) => moment.getTime() > Date.now(), 'must be in the future')
  .nullable();

const limitsSchema = z
  .array(appidSchema)
  .min(1)
  .max(1_000)
  .refine((appids) => new Set(appids).size === appids.length, 'must not name an appid twice')
  .nullable();
const ABSENT = 'Null: no limit. Absent: as the key that asks.';

export const createApiKeySchema = z
  .strictObject({
    name: nameSchema,
    role: z.enum(roles),
    platforms: limitsSchema.optional().meta({ description: `component_appids that it is limited to. ${ABSENT}` }),
    merchants: limitsSchema.optional().meta({ description: `authorizer_appids that it is limited to. ${ABSENT}` }),
    expires_at: expiresAtSchema.optional().meta({
      description: 'Null: never, which only a key without an end can give. Absent: as the key that asks.',
    }),
  })
  .meta({
    id: 'CreateApiKey',
    examples: [{ name: 'shop backend', role: 'operator', merchants: ['wx570bc396a51b8ff8'] }],
  });
export type CreateApiKey = z.output<typeof createApiKeySchema>;

export const updateApiKeySchema = z
  .strictObject({ name: nameSchema, expires_at: expiresAtSchema })
  .partial()
  .meta({ id: 'UpdateApiKey', examples: [{ name: 'shop backend, old', expires_at: '2099-12-31T16:00:00Z' }] });
export type UpdateApiKey = z.output<typeof updateApiKeySchema>;

export const apiKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    platforms: z.array(z.string()).nullable(),
    merchants: z.array(z.string()).nullable(),
    tenant: z.string().nullable().meta({
      description: 'Keys with the same one are counted together. Null: of the provider, counted by itself.',
    }),
    state: z.enum(['active', 'expired', 'revoked']),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable().meta({ description: 'To the minute.' }),
    created_by: z.string().nullable().meta({ description: 'The key that issued it.' }),
    created_at: z.string(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'ApiKey' });

export const newApiKeySchema = apiKeySchema
  .extend({ key: z.string().meta({ description: 'The key itself: it is shown this once and stored nowhere.' }) })
  .meta({ id: 'NewApiKey' });

export function apiKeyResource(key: IssuedKey): z.input<typeof apiKeySchema> {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    platforms: key.platforms,
    merchants: key.merchants,
    tenant: key.tenant,
    state: key.state,
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    created_by: key.createdBy,
    created_at: key.createdAt.toISOString(),
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
