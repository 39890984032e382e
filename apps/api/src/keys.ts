import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runProgram, withDatabase } from '@app/database';
import { readSettings, settings } from '@app/settings';
import { printKeyReport } from './key-report.js';

/**
 * `npm run keys`: how many rows of which tables each of MASTER_KEYS is needed for, and which can go. Reads only, and
 * may run beside the service. Exits 1 where a key is missing or wrong, 2 where it could not look.
 */
const schema = z.object({ DATABASE_URL: settings.DATABASE_URL, MASTER_KEYS: settings.MASTER_KEYS });
await runProgram(async () => {
  // It takes no words: whoever asks for `--help` wants nothing done.
  parseArgs();
  const { DATABASE_URL: url, MASTER_KEYS: keys } = readSettings(schema, process.env);
  await withDatabase({ url, entities: [], applicationName: 'retract-keys', poolSize: 1 }, async (dataSource) => {
    if (await printKeyReport(dataSource, keys)) process.exitCode = 1;
  });
});
