import { setFlagsFromString } from 'node:v8';
import { Logger } from '@nestjs/common';
import { ApiKeys } from '@app/access';
import { waitForDatabase, whyNotStarted } from '@app/database';
import { createLogger, logEnd, logProcessEvents, withoutStack } from '@app/logging';
import { refuseUnfitQueue } from '@app/queue';
import { endStart, readSettings } from '@app/settings';
import { readBuild } from '@app/telemetry';
import { startTracing } from '@app/tracing';
import { createApi } from './create-api.js';
import { apiEnvSchema } from './env.js';
import { shortageOf } from './http/problems/shortages.js';
import { FirstKeyNotKept, makeFirstKey } from './api-keys/first-key.js';

// Without this, V8 takes much of what a request makes for long-lived, and keeps it until the next full collection,
// which makes the frequent ones longer: see docs/benchmarks.md, also for why the worker does without.
setFlagsFromString('--no-allocation-site-pretenuring');

const whyNotListening = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && error.syscall === 'listen'
    ? `PORT or HOST cannot be listened on (${error.message}).`
    : undefined;

// Nest's own logger is replaced here, so that lines from before its start are JSON too.
let logger = createLogger({ level: 'info' });
Logger.overrideLogger(logger);
logProcessEvents();
try {
  const env = readSettings(apiEnvSchema, process.env);
  logger = createLogger({ level: env.LOG_LEVEL, isForeseen: (error) => shortageOf(error) !== undefined });
  Logger.overrideLogger(logger);
  const { version, commit } = readBuild();
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT) {
    await startTracing({
      service: 'retract-api',
      version,
      wechatUrls: [env.WECHAT_API_URL, ...env.WECHAT_API_FALLBACK_URLS],
      onTrouble: (error) => logger.warn('traces cannot be handed over', { error: withoutStack(error) }),
    });
  }
  await waitForDatabase(env, logger);
  await refuseUnfitQueue(env);
  const api = await createApi(env, logger);
  const file = env.BOOTSTRAP_API_KEY ? undefined : await makeFirstKey(api.get(ApiKeys), env.FIRST_KEY_FILE);
  if (file) logger.log("the first API key, an admin's, is in a file: keep it elsewhere, and delete the file", { file });
  api.enableShutdownHooks(undefined, { useProcessExit: true });
  await api.listen(env.PORT, env.HOST);
  logger.log('api listens', { url: await api.getUrl(), version, commit });
  logEnd('api', { version });
} catch (error) {
  endStart(error, logger, (cause) =>
    cause instanceof FirstKeyNotKept ? cause.message : (whyNotListening(cause) ?? whyNotStarted(cause)),
  );
}
