import { Logger } from '@nestjs/common';
import { isDatabaseAway, prepareDatabase, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { endStart, reach, readSettings } from '@app/settings';
import { createWorker } from './create-worker.js';
import { workerEnvSchema } from './env.js';
import { QueueUnfit, waitForQueue } from './wait-for-queue.js';

let logger = createLogger({ level: 'log' });
try {
  const env = readSettings(workerEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL });
  // What is logged before Nest starts is JSON too.
  Logger.overrideLogger(logger);
  const roles = { ownerUrl: env.MIGRATION_DATABASE_URL, holdsQueue: !env.QUEUE_URL?.startsWith('redis') };
  await reach('DATABASE_URL', () => prepareDatabase(env.DATABASE_URL, env.MASTER_KEYS, roles), {
    isAway: isDatabaseAway,
    onWait: (reason) =>
      logger.warn('the database is away, the start waits for it', { setting: 'DATABASE_URL', reason }),
  });
  await waitForQueue(env, logger);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  endStart(error, logger, (cause) => (cause instanceof QueueUnfit ? cause.message : whyNotStarted(cause)));
}
