import { z } from 'zod';
import { checkRetention, settings } from '@app/settings';

export const apiEnvSchema = z
  .object(settings)
  .omit({
    WORKER_CONCURRENCY: true,
    WORKER_HOST: true,
    WORKER_PORT: true,
    DELETIONS_RETENTION_DAYS: true,
    REJECTIONS_RETENTION_DAYS: true,
  })
  .superRefine(checkRetention);
export type ApiEnv = Readonly<z.output<typeof apiEnvSchema>>;
