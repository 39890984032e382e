import { migrate } from '@app/database';
import { createLogger } from '@app/logging';
import { readSettings, SettingsInvalid } from '@app/settings';
import { createWorker } from './create-worker.js';
import { workerEnvSchema } from './env.js';

try {
  const env = readSettings(workerEnvSchema, process.env);
  const logger = createLogger({ level: env.LOG_LEVEL });
  await migrate(env.DATABASE_URL);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  if (!(error instanceof SettingsInvalid)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
