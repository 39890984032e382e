import { z } from 'zod';

export const envSchema = z.object({
  /** 0: any free port. */
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3999),
  SIMULATOR_HOST: z.string().min(1).default('127.0.0.1'),
  /** The same seed gives the same tokens, delays and losses for the same calls. */
  SIMULATOR_SEED: z.coerce.number().int().min(0).default(1),
  /** The demo platform's address; without it nothing is pushed until the control API sets the URLs. */
  SIMULATOR_EVENTS_URL: z.url({ protocol: /^https?$/ }).optional(),
  SIMULATOR_MESSAGES_URL: z.url({ protocol: /^https?$/ }).optional(),
});

export type Env = Readonly<z.infer<typeof envSchema>>;

/** An empty value counts as absent. @throws {Error} with every problem, a line each */
export function readEnv(source: Record<string, string | undefined>): Env {
  const given = Object.entries(source).filter(([, value]) => value !== '');
  const parsed = envSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new Error(`The environment is not right:\n${problems.join('\n')}`);
}
