import { z } from 'zod';
import { settings } from '@app/settings';

export const apiEnvSchema = z.object(settings).omit({ WORKER_CONCURRENCY: true });
export type ApiEnv = Readonly<z.output<typeof apiEnvSchema>>;
