import { z } from 'zod';
import type { PublicProofKey } from '@app/deletions';

const seconds = (meaning: string) => z.int().meta({ description: `${meaning}, in seconds since 1970.` });

/** RFC 7517. Of a key's times, names and meaning are those of the historical keys of OpenID Federation 1.0. */
export const keySetSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        use: z.literal('sig'),
        kid: z.string().meta({ description: 'The fingerprint of the key (RFC 7638).' }),
        x: z.string(),
        iat: seconds('When it was made'),
        exp: seconds('Since when it signs no more').optional(),
        revoked: z
          .object({ revoked_at: seconds('Since when nothing that it signed counts') })
          .optional()
          .meta({ description: 'It is known to somebody else.' }),
      }),
    ),
  })
  .meta({ id: 'KeySet' });
type KeySet = z.output<typeof keySetSchema>;

const secondsOf = (time: Date) => Math.floor(time.getTime() / 1_000);

/** Without `alg`: the curve says it, and verifiers do not agree on its name. */
export const keySetOf = (keys: readonly PublicProofKey[]): KeySet => ({
  keys: keys.map(({ kid, x, createdAt, retiredAt, revokedAt }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    use: 'sig',
    kid,
    x,
    iat: secondsOf(createdAt),
    ...(retiredAt && { exp: secondsOf(retiredAt) }),
    ...(revokedAt && { revoked: { revoked_at: secondsOf(revokedAt) } }),
  })),
});
