import { Logger } from '@nestjs/common';
import { waitForDatabase, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { QueueUnfit, waitForQueue } from '@app/queue';
import { endStart, readSettings } from '@app/settings';
import { createWorker } from './create-worker.js';
import { DoorBlocked } from './door/door.js';
import { workerEnvSchema } from './env.js';

let logger = createLogger({ level: 'log' });
try {
  const env = readSettings(workerEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL });
  // Nest's own logger is replaced here, so that lines from before its start are JSON too.
  Logger.overrideLogger(logger);
  await waitForDatabase(env, logger);
  await waitForQueue(env, logger);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs');
} catch (error) {
  const isExplained = (cause: unknown) => cause instanceof QueueUnfit || cause instanceof DoorBlocked;
  endStart(error, logger, (cause) => (isExplained(cause) ? cause.message : whyNotStarted(cause)));
}
