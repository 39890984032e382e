import { z } from 'zod';
import { settings } from '@app/settings';

/** Without what belongs to an HTTP server. */
export const workerEnvSchema = z.object(settings).omit({
  PORT: true,
  HOST: true,
  BOOTSTRAP_API_KEY: true,
  FIRST_KEY_FILE: true,
  API_RATE_PER_MINUTE: true,
  API_MAX_CONNECTIONS: true,
  TRUST_PROXY: true,
});
export type WorkerEnv = Readonly<z.output<typeof workerEnvSchema>>;
