import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  accessEntities,
  AuditHeads,
  AuditLog,
  BEFORE_ALL,
  firstUnjoined,
  isArchiveSigned,
  isSigned,
  lookAtChain,
  readHead,
  type AuditArchive,
  type AuditEvent,
  type AuditHead,
  type ChainReport,
} from '@app/access';
import { ProgramEnded, runProgram, withDatabase } from '@app/database';
import { readSettings, settings } from '@app/settings';
import { SecretBox } from '@app/vault';
import { readExport } from './audit/audit-export.js';

/**
 * `npm run verify-audit -- [--file FILE]… [--after HASH | --database] [--head <log line>]… [<hash>…]`: whether the audit
 * log is as it was written, and still has what it had by the heads and hashes that were noted before. Without `--file` it
 * is what DATABASE_URL has behind the last archive. With files it is their rows, one file behind the other: archives and
 * exports in NDJSON (`-`: from stdin), from the start of the log on or behind the hash of `--after`, without the database;
 * with `--database`, that goes on where they end. Reads only, and may run beside the service. Exits 1 where something does
 * not fit, 2 where it could not look.
 */
const CHAINED_WITHIN_MS = 5 * 60_000;
/** They are noted hourly. */
const COVERED_WITHIN_MS = 2 * 60 * 60_000;

/** What lies before the rows that were looked at last. */
interface Before {
  rows: number;
  /** For `N rows, after …`, and for what the first of them has to follow. */
  told: string;
  name: string;
}

const schema = z.object({ DATABASE_URL: settings.DATABASE_URL, MASTER_KEYS: settings.MASTER_KEYS.optional() });
await runProgram(async () => {
  const { values, positionals: noted } = parseArgs({
    allowPositionals: true,
    options: {
      head: { type: 'string', multiple: true, default: [] },
      file: { type: 'string', multiple: true, default: [] },
      after: { type: 'string' },
      database: { type: 'boolean', default: false },
    },
  });
  const { file: files, after, database } = values;
  const notAHash = [...noted, ...(after === undefined ? [] : [after])].find((text) => !/^[0-9a-f]{64}$/.test(text));
  if (notAHash !== undefined) fail(`${notAHash} is no hash: 64 characters of 0-9a-f.`);
  if (after !== undefined && (files.length === 0 || database)) {
    fail('--after is for files alone: beside the database, give the archives from the first on.');
  }
  const given = values.head.map((text) => readHead(text) ?? fail(`${text} has no head of an audit log in it.`));
  if (files.length > 0 && !database) await verifyFiles(files, after, noted, given);
  else await verifyDatabase(files, noted, given);
});

async function verifyDatabase(files: string[], noted: string[], given: AuditHead[]): Promise<void> {
  const { DATABASE_URL: url, MASTER_KEYS: keys } = readSettings(schema, process.env);
  const box = keys && new SecretBox(keys);
  const options = { url, entities: accessEntities, applicationName: 'retract-verify-audit', poolSize: 1 };
  await withDatabase(options, async (dataSource) => {
    const stored = (await AuditHeads.noted(dataSource)).map((text) => ({ text, head: readHead(text) }));
    const heads = [...stored.flatMap(({ head }) => head ?? []), ...given];
    const unreadable = stored.filter(({ head }) => !head).map(({ text }) => text);
    const inFiles =
      files.length > 0 ? await lookAtChain(eventsOf(files), noted, believable(heads, box), BEFORE_ALL) : undefined;
    if (inFiles && !inFiles.ok) {
      tell(inFiles, heads, unreadable, box);
      return;
    }
    const end = inFiles && { seq: inFiles.lastSeq, rows: inFiles.rows, hash: inFiles.lastHash };
    const log = AuditLog.of(dataSource);
    const report = await log.verify(inFiles?.missing ?? noted, inFiles?.unmet ?? believable(heads, box), end);
    const newest = report.archives.at(-1);
    // Of the rows in files nothing is open: a head that they do not meet will not be met.
    const whole = inFiles ? { ...report, unmet: [...report.earlier, ...report.unmet], earlier: [] } : report;
    tell(whole, heads, unreadable, box, inFiles ? behindFiles(inFiles.rows) : newest && behindArchive(newest));
    tellArchives(report.archives, box);
    tellEarlier(whole.earlier, given);
    if (report.leftRows > 0) {
      const where = inFiles ? 'in the files' : 'archived';
      console.log(
        `${report.leftRows} rows are ${where} and still here as well: archive-audit --delete takes them out.`,
      );
    }
    if (report.uncoveredForMs > COVERED_WITHIN_MS) {
      const hours = Math.floor(report.uncoveredForMs / 3_600_000);
      wrong(`Rows of ${hours} hours are in no head: heads were taken away, or no worker ran.`);
    }
    tellUnchecked(heads, box);
    if (report.pendingForMs > CHAINED_WITHIN_MS) {
      const minutes = Math.floor(report.pendingForMs / 60_000);
      wrong(`${report.pending} acts are not chained, the oldest for ${minutes} minutes: does a worker run?`);
    } else if (report.pending > 0) {
      console.log(`${report.pending} acts of the last minutes wait to be chained.`);
    }
  });
}

/** Without the database, which may be in an attacker's hands. Files have no heads: they are those that are given. */
async function verifyFiles(
  files: string[],
  after: string | undefined,
  noted: string[],
  heads: AuditHead[],
): Promise<void> {
  const { MASTER_KEYS: keys } = readSettings(schema.omit({ DATABASE_URL: true }), process.env);
  const box = keys && new SecretBox(keys);
  const start = { ...BEFORE_ALL, hash: after ?? BEFORE_ALL.hash };
  const report = await lookAtChain(eventsOf(files), noted, believable(heads, box), start);
  const name = `the hash ${start.hash}`;
  tell(report, heads, [], box, after === undefined ? undefined : { rows: 0, told: name, name });
  if (!report.ok && report.rows === 0 && after === undefined) {
    console.error('An archive that follows others needs these before it, or --after and the hash that they end with.');
  }
  tellUnchecked(heads, box);
}

async function* eventsOf(files: string[]): AsyncGenerator<AuditEvent> {
  for (const file of files) yield* readExport(file === '-' ? process.stdin : (await open(file)).createReadStream());
}

function behindFiles(rows: number): Before {
  return { rows, told: `${rows} in the files`, name: 'the files' };
}

function behindArchive({ totalRows: rows, upTo }: AuditArchive): Before {
  return { rows, told: `${rows} archived up to ${upTo.toISOString()}`, name: 'the last archive' };
}

function tell(
  report: ChainReport,
  heads: AuditHead[],
  unreadable: string[],
  box: SecretBox | undefined,
  before?: Before,
): void {
  const rows = report.rows - (before?.rows ?? 0);
  if (!report.ok) {
    wrong(`The audit log is broken: ${misfit(report.seq, rows, report.lastSeq, before)}.`);
  } else if (rows === 0 && before) {
    wrong(`The audit log has no rows behind ${before.name}, where the newest always stays.`);
  } else if (rows === 0 && heads.length === 0) {
    wrong('The audit log is empty, and no head of it is known: nothing shows that it was not emptied.');
  } else if (report.missing.length === 0 && report.unmet.length === 0) {
    const after = before ? `, after ${before.told}` : '';
    console.log(`The audit log is sound: ${rows} rows${after}, newest hash ${report.lastHash}.`);
  }
  for (const hash of report.missing) {
    const orElse = before ? ' Or it is before them: give the archives, by --file, and --database.' : '';
    wrong(`No sound row has the hash ${hash}: rows were cut off, or the chain was written anew.${orElse}`);
  }
  const unmet = report.unmet.at(-1);
  if (unmet) {
    wrong(
      `The audit log had ${unmet.rows} rows at ${unmet.at.toISOString()}, and does not have them as they were: rows were cut off, ` +
        `or the chain was written anew. Heads that are not met: ${report.unmet.length} of ${heads.length}.`,
    );
  }
  const forged = box ? heads.filter((head) => isSigned(head, box) === false).map(({ at }) => at.toISOString()) : [];
  for (const which of [...unreadable, ...forged]) wrong(`A head is not as this service wrote it: ${which}.`);
}

function misfit(seq: string, rows: number, lastSeq: string, before: Before | undefined): string {
  if (before && rows === 0 && BigInt(seq) <= BigInt(lastSeq))
    return `row ${seq} is still here and does not fit ${before.name}`;
  if (before && rows === 0) return `row ${seq} does not follow ${before.name}`;
  return `row ${seq} does not fit the ${rows} sound rows before it`;
}

function tellArchives(archives: AuditArchive[], box: SecretBox | undefined): void {
  const apart = firstUnjoined(archives);
  if (apart) wrong(`The archive up to ${apart.upTo.toISOString()} does not follow the one before it.`);
  if (!box && archives.length > 0) console.log('The signatures of archives were not checked: give MASTER_KEYS.');
  if (!box) return;
  for (const archive of archives.filter((one) => isArchiveSigned(one, box) === false)) {
    wrong(`The note of the archive up to ${archive.upTo.toISOString()} is not as archive-audit wrote it.`);
  }
  const newest = archives.at(-1);
  if (newest && isArchiveSigned(newest, box) === undefined) {
    wrong(`The newest archive is signed with the master key "${newest.keyId}", which MASTER_KEYS does not have.`);
  }
}

/** Whoever notes rows as archived may have deleted others: only the files tell. */
function tellEarlier(earlier: AuditHead[], given: AuditHead[]): void {
  const asked = earlier.filter((head) => given.includes(head)).length;
  const how = 'give the archives, by --file, and --database';
  if (asked > 0) wrong(`${asked} of the heads that were given are of archived rows: ${how}.`);
  else if (earlier.length > 0) console.log(`${earlier.length} heads are of archived rows. To compare them, ${how}.`);
}

/** A head whose signature is wrong says nothing of the log; one of a key that is not given may be as it was. */
function believable(heads: AuditHead[], box: SecretBox | undefined): AuditHead[] {
  return box ? heads.filter((head) => isSigned(head, box) !== false) : heads;
}

/** An attacker who writes the log anew may write heads to it, but cannot sign the newest. */
function tellUnchecked(heads: AuditHead[], box: SecretBox | undefined): void {
  const newest = heads.toSorted((a, b) => a.at.getTime() - b.at.getTime()).at(-1);
  if (!newest) return;
  if (!box) console.log(`The signatures of ${heads.length} heads were not checked: give MASTER_KEYS.`);
  else if (isSigned(newest, box) === undefined) {
    wrong(`The newest head is signed with the master key "${newest.keyId}", which MASTER_KEYS does not have.`);
  }
}

function wrong(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}

function fail(sentence: string): never {
  throw new ProgramEnded(sentence);
}
