import { Logger } from '@nestjs/common';
import { isDatabaseAway, prepareDatabase, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { JobQueues, QueueUnavailable } from '@app/queue';
import { reach, readSettings, SettingsInvalid, Unreachable } from '@app/settings';
import { createWorker } from './create-worker.js';
import { workerEnvSchema, type WorkerEnv } from './env.js';

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
  await waitForQueue(env);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  if (error instanceof SettingsInvalid) console.error(error.message);
  else if (error instanceof Unreachable) {
    logger.fatal('the start has ended: a server cannot be reached', { setting: error.setting, reason: error.reason });
  } else {
    const reason = whyNotStarted(error);
    logger.fatal('the start has ended', reason ? { reason } : { error });
  }
  // What was opened so far would keep the process up.
  process.exit(1);
}

/** The api starts without it, and accepts what is asked; a worker has nothing to do then. */
async function waitForQueue({ QUEUE_URL, DATABASE_URL }: WorkerEnv): Promise<void> {
  const setting = QUEUE_URL ? 'QUEUE_URL' : 'DATABASE_URL';
  const queues = new JobQueues({ url: QUEUE_URL ?? DATABASE_URL });
  await reach(setting, () => queues.ping(), {
    isAway: (error) => error instanceof QueueUnavailable,
    onWait: (reason) => logger.warn('the queue is away, the start waits for it', { setting, reason }),
  }).finally(() => queues.close());
}
