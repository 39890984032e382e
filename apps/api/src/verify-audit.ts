import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  accessEntities,
  AuditHeads,
  AuditLog,
  isSigned,
  lookAtChain,
  readHead,
  type AuditEvent,
  type AuditHead,
  type ChainReport,
} from '@app/access';
import { ProgramEnded, runProgram, withDatabase } from '@app/database';
import { readSettings, settings } from '@app/settings';
import { SecretBox } from '@app/vault';
import { readAuditEvent } from './audit/audit-event.js';

/**
 * `npm run verify-audit -- [--file EXPORT] [--head <log line>]… [<hash>…]`: whether the audit log in DATABASE_URL, or
 * an export of all of it in NDJSON (`-`: from stdin), is as it was written, and still has what it had by the heads and
 * hashes that were noted before. Reads only, and may run beside the service. Exits 1 where something does not fit, 2
 * where it could not look.
 */
const CHAINED_WITHIN_MS = 5 * 60_000;
/** They are noted hourly. */
const COVERED_WITHIN_MS = 2 * 60 * 60_000;

const schema = z.object({ DATABASE_URL: settings.DATABASE_URL, MASTER_KEYS: settings.MASTER_KEYS.optional() });
await runProgram(async () => {
  const { values, positionals: noted } = parseArgs({
    allowPositionals: true,
    options: { head: { type: 'string', multiple: true, default: [] }, file: { type: 'string' } },
  });
  const notAHash = noted.find((text) => !/^[0-9a-f]{64}$/.test(text));
  if (notAHash !== undefined) fail(`${notAHash} is no hash: 64 characters of 0-9a-f.`);
  const given = values.head.map((text) => readHead(text) ?? fail(`${text} has no head of an audit log in it.`));
  if (values.file === undefined) await verifyDatabase(noted, given);
  else await verifyFile(values.file, noted, given);
});

async function verifyDatabase(noted: string[], given: AuditHead[]): Promise<void> {
  const { DATABASE_URL: url, MASTER_KEYS: keys } = readSettings(schema, process.env);
  const box = keys && new SecretBox(keys);
  const options = { url, entities: accessEntities, applicationName: 'retract-verify-audit', poolSize: 1 };
  await withDatabase(options, async (dataSource) => {
    const stored = (await AuditHeads.noted(dataSource)).map((text) => ({ text, head: readHead(text) }));
    const heads = [...stored.flatMap(({ head }) => head ?? []), ...given];
    const unreadable = stored.filter(({ head }) => !head).map(({ text }) => text);
    const report = await AuditLog.of(dataSource).verify(noted, believable(heads, box));
    tell(report, heads, unreadable, box);
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

/** Without the database, which may be in an attacker's hands. An export has no heads: they are those that are given. */
async function verifyFile(file: string, noted: string[], heads: AuditHead[]): Promise<void> {
  const { MASTER_KEYS: keys } = readSettings(schema.omit({ DATABASE_URL: true }), process.env);
  const box = keys && new SecretBox(keys);
  const input = file === '-' ? process.stdin : (await open(file)).createReadStream();
  const report = await lookAtChain(eventsIn(createInterface({ input })), noted, believable(heads, box));
  tell(report, heads, [], box);
  tellUnchecked(heads, box);
}

async function* eventsIn(lines: AsyncIterable<string>): AsyncGenerator<AuditEvent> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    yield readAuditEvent(parsed(line)) ?? fail(`Line ${number} is no row of an exported audit log.`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function tell(report: ChainReport, heads: AuditHead[], unreadable: string[], box: SecretBox | undefined): void {
  if (!report.ok) {
    wrong(`The audit log is broken: row ${report.seq} does not fit the ${report.rows} sound rows before it.`);
  } else if (report.rows === 0 && heads.length === 0) {
    wrong('The audit log is empty, and no head of it is known: nothing shows that it was not emptied.');
  } else if (report.missing.length === 0 && report.unmet.length === 0) {
    console.log(`The audit log is sound: ${report.rows} rows, newest hash ${report.lastHash}.`);
  }
  for (const hash of report.missing) {
    wrong(`No sound row has the hash ${hash}: rows were cut off, or the chain was written anew.`);
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
