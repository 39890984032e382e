import { migrate, refusePooler, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { readSettings, SettingsInvalid } from '@app/settings';
import { createWorker } from './create-worker.js';
import { workerEnvSchema } from './env.js';

try {
  const env = readSettings(workerEnvSchema, process.env);
  const logger = createLogger({ level: env.LOG_LEVEL });
  await refusePooler(env.DATABASE_URL);
  await migrate(env.DATABASE_URL);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  const problem = error instanceof SettingsInvalid ? error.message : whyNotStarted(error);
  if (!problem) throw error;
  console.error(problem);
  process.exitCode = 1;
}
