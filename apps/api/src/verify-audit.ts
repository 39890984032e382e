import { DataSource } from 'typeorm';
import { z } from 'zod';
import { accessEntities, AuditLog } from '@app/access';
import { dataSourceOptions } from '@app/database';
import { readSettings, settings, SettingsInvalid } from '@app/settings';

/**
 * `npm run verify-audit -- <hash>…`: whether the audit log in DATABASE_URL is as it was written, and still has the rows whose
 * hashes were noted before. Reads only, and may run beside the service. Exits 1 where something does not fit, 2 where it could
 * not look.
 */
const CHAINED_WITHIN_MS = 5 * 60_000;

const noted = process.argv.slice(2);
try {
  const notAHash = noted.find((text) => !/^[0-9a-f]{64}$/.test(text));
  if (notAHash !== undefined) throw new Error(`${notAHash} is no hash: 64 characters of 0-9a-f.`);
  const { DATABASE_URL: url } = readSettings(z.object({ DATABASE_URL: settings.DATABASE_URL }), process.env);
  const options = { url, entities: accessEntities, applicationName: 'retract-verify-audit', poolSize: 1 };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  const report = await new AuditLog(dataSource).verify(noted).finally(() => dataSource.destroy());
  if (report.ok) {
    console.log(`The audit log is sound: ${report.rows} rows, newest hash ${report.lastHash}.`);
  } else {
    console.error(`The audit log is broken: row ${report.seq} does not fit the ${report.rows} sound rows before it.`);
    process.exitCode = 1;
  }
  for (const hash of report.missing) {
    console.error(`No sound row has the hash ${hash}: rows were cut off, or the chain was written anew.`);
    process.exitCode = 1;
  }
  if (report.pendingForMs > CHAINED_WITHIN_MS) {
    const minutes = Math.floor(report.pendingForMs / 60_000);
    console.error(`${report.pending} acts are not chained, the oldest for ${minutes} minutes: does a worker run?`);
    process.exitCode = 1;
  } else if (report.pending > 0) {
    console.log(`${report.pending} acts of the last minutes wait to be chained.`);
  }
} catch (error) {
  console.error(error instanceof SettingsInvalid ? error.message : error);
  process.exitCode = 2;
}
