import { z } from 'zod';
import { checkRetention, settings } from '@app/settings';

/** Without what belongs to an HTTP server. */
export const workerEnvSchema = z
  .object(settings)
  .omit({
    PORT: true,
    HOST: true,
    BOOTSTRAP_API_KEY: true,
    FIRST_KEY_FILE: true,
    API_RATE_PER_MINUTE: true,
    API_AT_ONCE_PER_KEY: true,
    API_AT_ONCE_PER_TENANT: true,
    API_DEAR_AT_ONCE_PER_KEY: true,
    API_DEAR_AT_ONCE_PER_TENANT: true,
    API_MAX_CONNECTIONS: true,
    MAX_KEYS_PER_TENANT: true,
    MAX_PENDING_PER_MERCHANT: true,
    MAX_PENDING_PER_KEY: true,
    MAX_PENDING_PER_TENANT: true,
    MAX_ETA_DAYS: true,
    TRUST_PROXY: true,
  })
  .superRefine(checkRetention);
export type WorkerEnv = Readonly<z.output<typeof workerEnvSchema>>;
