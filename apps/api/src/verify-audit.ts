import { DataSource } from 'typeorm';
import { z } from 'zod';
import { accessEntities, AuditLog } from '@app/access';
import { dataSourceOptions } from '@app/database';
import { readSettings, settings, SettingsInvalid } from '@app/settings';

/**
 * `npm run verify-audit`: whether the audit log in DATABASE_URL is as it was written. Reads only, and may run beside the
 * service. Exits 1 where a row does not fit, 2 where it could not look.
 */
try {
  const { DATABASE_URL: url } = readSettings(z.object({ DATABASE_URL: settings.DATABASE_URL }), process.env);
  const options = { url, entities: accessEntities, applicationName: 'retract-verify-audit', poolSize: 1 };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  const report = await new AuditLog(dataSource).verify().finally(() => dataSource.destroy());
  if (report.ok) {
    console.log(`The audit log is sound: ${report.rows} rows, newest hash ${report.lastHash}.`);
  } else {
    console.error(`The audit log is broken: row ${report.seq} does not fit the ${report.rows} sound rows before it.`);
    process.exitCode = 1;
  }
  if (report.pending > 0) console.log(`${report.pending} acts of the last seconds wait to be chained.`);
} catch (error) {
  console.error(error instanceof SettingsInvalid ? error.message : error);
  process.exitCode = 2;
}
