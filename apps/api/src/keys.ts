import { DataSource } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '@app/database';
import { readSettings, settings, SettingsInvalid } from '@app/settings';
import { printKeyReport } from './key-report.js';

/**
 * `npm run keys`: how many rows of which tables each of MASTER_KEYS is needed for, and which can go. Reads only, and
 * may run beside the service. Exits 1 where a key is missing or wrong, 2 where it could not look.
 */
const schema = z.object({ DATABASE_URL: settings.DATABASE_URL, MASTER_KEYS: settings.MASTER_KEYS });
try {
  const { DATABASE_URL: url, MASTER_KEYS: keys } = readSettings(schema, process.env);
  const options = { url, entities: [], applicationName: 'retract-keys', poolSize: 1 };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  try {
    if (await printKeyReport(dataSource, keys)) process.exitCode = 1;
  } finally {
    await dataSource.destroy();
  }
} catch (error) {
  console.error(error instanceof SettingsInvalid ? error.message : error);
  process.exitCode = 2;
}
