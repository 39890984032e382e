import { z } from 'zod';
import { settings } from '@app/settings';

const {
  DATABASE_URL,
  QUEUE_URL,
  PUBLIC_URL,
  PORT,
  HOST,
  MASTER_KEYS,
  BOOTSTRAP_API_KEY,
  WECHAT_API_URL,
  WECHAT_MP_URL,
  WECHAT_OPEN_URL,
  DEFAULT_RATE_PER_MINUTE,
  DEFAULT_DAILY_QUOTA,
  URGENT_RESERVE,
  LOG_LEVEL,
} = settings;

export const apiEnvSchema = z.object({
  DATABASE_URL,
  QUEUE_URL,
  PUBLIC_URL,
  PORT,
  HOST,
  MASTER_KEYS,
  BOOTSTRAP_API_KEY,
  WECHAT_API_URL,
  WECHAT_MP_URL,
  WECHAT_OPEN_URL,
  DEFAULT_RATE_PER_MINUTE,
  DEFAULT_DAILY_QUOTA,
  URGENT_RESERVE,
  LOG_LEVEL,
});

export type ApiEnv = Readonly<z.output<typeof apiEnvSchema>>;
