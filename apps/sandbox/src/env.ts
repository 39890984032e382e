import { z } from 'zod';
import { settings } from '@app/settings';

const { DATABASE_URL, QUEUE_URL, PORT, HOST, BOOTSTRAP_API_KEY, MASTER_KEYS } = settings;
const { WORKER_CONCURRENCY, DEFAULT_RATE_PER_MINUTE, DEFAULT_DAILY_QUOTA, URGENT_RESERVE, LOG_LEVEL } = settings;

/** What is required elsewhere may be absent here: the sandbox makes itself a database, master keys and an API key. */
export const sandboxEnvSchema = z.object({
  DATABASE_URL: DATABASE_URL.optional(),
  RETRACT_DATA_DIR: z.string().min(1).default('./.data'),
  QUEUE_URL,
  // Known before the start, for the addresses that WeChat and merchants are sent to.
  PORT: PORT.unwrap().min(1).default(3000),
  HOST,
  BOOTSTRAP_API_KEY,
  MASTER_KEYS: MASTER_KEYS.optional(),
  WORKER_CONCURRENCY,
  DEFAULT_RATE_PER_MINUTE,
  DEFAULT_DAILY_QUOTA,
  URGENT_RESERVE,
  // The story is told in plain lines; the services' own log lines would drown it.
  LOG_LEVEL: LOG_LEVEL.unwrap().default('error'),
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3999),
});

export type SandboxEnv = Readonly<z.output<typeof sandboxEnvSchema>>;
