import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { waitForDatabase, whyNotStarted } from '@app/database';
import { createLogger } from '@app/logging';
import { endStart, readSettings, settings } from '@app/settings';

/**
 * `retract admin migrate`: what every start begins with, alone. For deployments in which api and worker do not know the
 * owner of the tables, who is MIGRATION_DATABASE_URL here.
 */
const schema = z.object({
  DATABASE_URL: settings.DATABASE_URL,
  MIGRATION_DATABASE_URL: settings.MIGRATION_DATABASE_URL,
  QUEUE_URL: settings.QUEUE_URL,
  MASTER_KEYS: settings.MASTER_KEYS,
});
const logger = createLogger({ level: 'info' });
Logger.overrideLogger(logger);
try {
  // It takes no words: whoever asks for `--help` wants nothing done.
  parseArgs();
  await waitForDatabase(readSettings(schema, process.env), logger);
  logger.log('the database is as this version needs it');
} catch (error) {
  endStart(error, logger, whyNotStarted);
}
