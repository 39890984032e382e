import { Logger } from '@nestjs/common';
import { isDatabaseAway, prepareDatabase, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { reach, readSettings, SettingsInvalid, Unreachable } from '@app/settings';
import { createWorker } from './create-worker.js';
import { workerEnvSchema } from './env.js';
import { QueueUnfit, waitForQueue } from './wait-for-queue.js';

let logger = createLogger({ level: 'log' });
try {
  const env = readSettings(workerEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL });
  // What is logged before Nest starts is JSON too.
  Logger.overrideLogger(logger);
  await reach('DATABASE_URL', () => prepareDatabase(env.DATABASE_URL, env.MASTER_KEYS), {
    isAway: isDatabaseAway,
    onWait: (reason) =>
      logger.warn('the database is away, the start waits for it', { setting: 'DATABASE_URL', reason }),
  });
  await waitForQueue(env, logger);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  if (error instanceof SettingsInvalid) console.error(error.message);
  else if (error instanceof Unreachable) {
    logger.fatal('the start has ended: a server cannot be reached', { setting: error.setting, reason: error.reason });
  } else {
    const reason = error instanceof QueueUnfit ? error.message : whyNotStarted(error);
    logger.fatal('the start has ended', reason ? { reason } : { error });
  }
  // What was opened so far would keep the process up.
  process.exit(1);
}
