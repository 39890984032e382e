import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  countKeyUses,
  keyFaults,
  keyIdsInUse,
  MasterKeysRefused,
  Resealing,
  runProgram,
  SealedColumns,
  standingOf,
  withDatabase,
} from '@app/database';
import { createLogger } from '@app/logging';
import { readSettings, settings } from '@app/settings';
import { SecretBox, type MasterKey } from '@app/vault';
import { printKeyReport } from './key-report.js';

const STEP = 2_000;
/** A row that somebody is changing is free again long before that. */
const PATIENCE_MS = 20_000;

/**
 * `npm run reseal`: seals with the newest of MASTER_KEYS at once what older ones have sealed, which the workers do in
 * the background. It may run beside the service, and be stopped at any moment. Progress goes to stderr, the table of
 * `npm run keys` to stdout. Exits 1 where an older key is still needed or a key is missing or wrong, 2 where it could
 * not look.
 */
Logger.overrideLogger(createLogger({ level: 'error' }));
const schema = z.object({ DATABASE_URL: settings.DATABASE_URL, MASTER_KEYS: settings.MASTER_KEYS });
await runProgram(async () => {
  // It takes no words: whoever asks for `--help` wants nothing done.
  parseArgs();
  const { DATABASE_URL: url, MASTER_KEYS: keys } = readSettings(schema, process.env);
  await withDatabase({ url, entities: [], applicationName: 'retract-reseal', poolSize: 1 }, async (dataSource) => {
    await refuseFaults(dataSource, keys);
    const isDone = await reseal(dataSource, keys);
    if ((await printKeyReport(dataSource, keys)) || !isDone) process.exitCode = 1;
  });
});

async function refuseFaults(dataSource: DataSource, keys: readonly MasterKey[]): Promise<void> {
  const faults = keyFaults(await standingOf(dataSource, keys), await keyIdsInUse(dataSource));
  if (faults.length > 0) throw new MasterKeysRefused(faults, await countKeyUses(dataSource));
}

/** @returns whether nothing needs an older key any more */
async function reseal(dataSource: DataSource, keys: readonly MasterKey[]): Promise<boolean> {
  const older = keys.slice(1).map(({ id }) => id);
  const isNeeded = async () => (await keyIdsInUse(dataSource)).some((id) => older.includes(id));
  if (!(await isNeeded())) return true;
  const rows = (await countKeyUses(dataSource, older)).reduce((sum, use) => sum + use.rows, 0);
  const box = new SecretBox(keys);
  const resealing = new Resealing(dataSource, box, new SealedColumns(box));
  let resealed = 0;
  for (let giveUpAt = performance.now() + PATIENCE_MS; performance.now() < giveUpAt;) {
    const values = await resealing.step(STEP);
    resealed += values;
    if (values > 0) {
      console.error(`${resealed} values sealed with ${keys[0]?.id}; ${rows} rows needed it at the start`);
      giveUpAt = performance.now() + PATIENCE_MS;
    } else if (await isNeeded()) await delay(1_000);
    else return true;
  }
  return false;
}
