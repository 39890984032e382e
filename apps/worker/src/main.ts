import { Logger } from '@nestjs/common';
import { waitForDatabase, whyNotStarted } from '@app/database';
import { createLogger, logEnd, logProcessEvents, withoutStack } from '@app/logging';
import { endStart, readSettings, versionOfService } from '@app/settings';
import { startTracing } from '@app/tracing';
import { createWorker } from './create-worker.js';
import { workerEnvSchema } from './env.js';
import { QueueUnfit, waitForQueue } from './wait-for-queue.js';

// Nest's own logger is replaced here, so that lines from before its start are JSON too.
let logger = createLogger({ level: 'info' });
Logger.overrideLogger(logger);
logProcessEvents();
try {
  const env = readSettings(workerEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL });
  Logger.overrideLogger(logger);
  const version = versionOfService();
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
  logger.log('worker runs', { version });
  logEnd('worker', { version });
} catch (error) {
  endStart(error, logger, (cause) => (cause instanceof QueueUnfit ? cause.message : whyNotStarted(cause)));
}
