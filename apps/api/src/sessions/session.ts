import { z } from 'zod';
import type { SessionView, SignIn } from '@app/access';

export const sessionIdSchema = z.uuid('must be an id that this API gave');

const secretSchema = z.string().min(1).max(200);

/** Exactly one of the two. */
export const signInSchema = z
  .strictObject({
    api_key: secretSchema.optional().meta({ description: 'An API key of the role viewer or more.' }),
    sign_in_token: secretSchema.optional().meta({ description: 'What a sign-in link has after the #. It works once.' }),
  })
  .refine(
    ({ api_key, sign_in_token }) => (api_key === undefined) !== (sign_in_token === undefined),
    'must have either an api_key or a sign_in_token',
  )
  .meta({ id: 'SignIn', examples: [{ api_key: 'rk_Zm9yLXRoZS1kZXNjcmlwdGlvbi1vbmx5LW5vLWtleS0w' }] });
export type SignInBody = z.output<typeof signInSchema>;

export const signInOf = ({ api_key: apiKey, sign_in_token: signInToken = '' }: SignInBody): SignIn =>
  apiKey === undefined ? { signInToken } : { apiKey };

export const sessionSchema = z
  .object({
    id: z.string().nullable().meta({ description: 'Null: asked with the API key itself.' }),
    api_key: z
      .object({
        id: z.string(),
        name: z.string(),
        role: z.string(),
        platforms: z.array(z.string()).nullable(),
        merchants: z.array(z.string()).nullable(),
      })
      .meta({ description: 'The key that it acts for, with its role and limits.' }),
    started_at: z.string().nullable(),
    ip: z.string().nullable().meta({ description: 'From where it was started.' }),
    expires_at: z
      .string()
      .nullable()
      .meta({ description: 'When it ends at the latest; with its key, if that ends before. Null: never.' }),
  })
  .meta({ id: 'Session' });

type ActsFor = Pick<SessionView, 'name' | 'role' | 'platforms' | 'merchants'>;

const keyOf = (id: string, { name, role, platforms, merchants }: ActsFor) => ({ id, name, role, platforms, merchants });

export const sessionResource = (session: SessionView) => ({
  id: session.id,
  api_key: keyOf(session.apiKeyId, session),
  started_at: session.startedAt.toISOString(),
  ip: session.ip,
  expires_at: session.expiresAt.toISOString(),
});

/** A caller without a session, in the same form. */
export const callerResource = (key: ActsFor & { id: string; expiresAt: Date | null }) => ({
  id: null,
  api_key: keyOf(key.id, key),
  started_at: null,
  ip: null,
  expires_at: key.expiresAt?.toISOString() ?? null,
});
