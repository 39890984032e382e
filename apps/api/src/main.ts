import { setFlagsFromString } from 'node:v8';
import { ApiKeys } from '@app/access';
import { migrate, refusePooler, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { readSettings, SettingsInvalid } from '@app/settings';
import { createApi } from './create-api.js';
import { apiEnvSchema } from './env.js';

// Without this, V8 takes much of what a request makes for long-lived, and keeps it until the next full collection, which makes
// the frequent ones longer: see docs/benchmarks.md, also for why the worker does without.
setFlagsFromString('--no-allocation-site-pretenuring');

try {
  const env = readSettings(apiEnvSchema, process.env);
  const logger = createLogger({ level: env.LOG_LEVEL });
  await refusePooler(env.DATABASE_URL);
  await migrate(env.DATABASE_URL);
  const api = await createApi(env, logger);
  const firstKey = env.BOOTSTRAP_API_KEY ? undefined : await api.get(ApiKeys).first();
  // Not through the logger, which keeps keys out of the logs.
  if (firstKey) console.log(`The first API key, an admin's, is shown this once: ${firstKey}`);
  api.enableShutdownHooks(undefined, { useProcessExit: true });
  await api.listen(env.PORT, env.HOST);
  logger.log('api listens', { url: await api.getUrl() });
} catch (error) {
  const problem = error instanceof SettingsInvalid ? error.message : whyNotStarted(error);
  if (!problem) throw error;
  console.error(problem);
  process.exitCode = 1;
}
