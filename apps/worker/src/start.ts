import { Logger } from '@nestjs/common';
import { databaseShortage, waitForDatabase, whyNotStarted } from '@app/database';
import { createLogger, logEnd, logProcessEvents, withoutStack } from '@app/logging';
import { queueShortage, QueueUnfit, waitForQueue } from '@app/queue';
import { endStart, readSettings } from '@app/settings';
import { readBuild } from '@app/telemetry';
import { startTracing } from '@app/tracing';
import { createWorker } from './create-worker.js';
import { DoorBlocked } from './door/door.js';
import { workerEnvSchema } from './env.js';

const isForeseen = (error: unknown) => (queueShortage(error) ?? databaseShortage(error)) !== undefined;

// Nest's own logger is replaced here, so that lines from before its start are JSON too.
let logger = createLogger({ level: 'info' });
Logger.overrideLogger(logger);
logProcessEvents();
try {
  const env = readSettings(workerEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL, isForeseen });
  Logger.overrideLogger(logger);
  const { version, commit } = readBuild();
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT) {
    await startTracing({
      service: 'retract-worker',
      version,
      wechatUrls: [env.WECHAT_API_URL, ...env.WECHAT_API_FALLBACK_URLS],
      onTrouble: (error) => logger.warn('traces cannot be handed over', { error: withoutStack(error) }),
    });
  }
  await waitForDatabase(env, logger);
  await waitForQueue(env, logger);
  const worker = await createWorker(env, logger);
  worker.enableShutdownHooks(undefined, { useProcessExit: true });
  logger.log('worker runs', { version, commit });
  logEnd('worker', { version });
} catch (error) {
  const isExplained = (cause: unknown) => cause instanceof QueueUnfit || cause instanceof DoorBlocked;
  endStart(error, logger, (cause) => (isExplained(cause) ? cause.message : whyNotStarted(cause)));
}
