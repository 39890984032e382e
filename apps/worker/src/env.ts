import { z } from 'zod';
import { settings } from '@app/settings';

const {
  DATABASE_URL,
  QUEUE_URL,
  PUBLIC_URL,
  MASTER_KEYS,
  WECHAT_API_URL,
  WECHAT_MP_URL,
  WECHAT_OPEN_URL,
  WORKER_CONCURRENCY,
  DEFAULT_RATE_PER_MINUTE,
  DEFAULT_DAILY_QUOTA,
  URGENT_RESERVE,
  LOG_LEVEL,
} = settings;

export const workerEnvSchema = z.object({
  DATABASE_URL,
  QUEUE_URL,
  PUBLIC_URL,
  MASTER_KEYS,
  WECHAT_API_URL,
  WECHAT_MP_URL,
  WECHAT_OPEN_URL,
  WORKER_CONCURRENCY,
  DEFAULT_RATE_PER_MINUTE,
  DEFAULT_DAILY_QUOTA,
  URGENT_RESERVE,
  LOG_LEVEL,
});

export type WorkerEnv = Readonly<z.output<typeof workerEnvSchema>>;
