import { access, rename, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  accessEntities,
  ArchiveRefused,
  AuditArchives,
  AuditHeads,
  AuditLog,
  endOf,
  isSigned,
  readHead,
  type AuditHead,
} from '@app/access';
import { checkMasterKeys, MasterKeysRefused, ProgramEnded, runProgram, withDatabase } from '@app/database';
import { readSettings, settings } from '@app/settings';
import { SecretBox, type MasterKey } from '@app/vault';
import { batchesOf, keepNamesIn, lookAtArchive, sha256Of, writeArchive } from './archive-file.js';
import { NoAuditEvent } from './audit-export.js';

const USAGE =
  'usage: npm run archive-audit -- --before YYYY-MM-DD --file FILE\n' +
  '       npm run archive-audit -- --delete --file FILE';

/** So many rows go at a time: nobody waits for a step. */
const STEP = 1_000;
const TOLD_EVERY = 100_000;

/**
 * `npm run archive-audit -- --before DAY --file FILE`: writes the oldest rows of the audit log, those from before that
 * day (UTC), to a file, as an export has them, and reads it back. Changes nothing in the database.
 *
 * `npm run archive-audit -- --delete --file FILE`: reads the file again, notes in `audit_archives` that it has these
 * rows, and deletes them: each one as the file has it, and no other. Run again, it goes on where it was stopped.
 *
 * Both as the owner of the tables, beside the service if need be. Exits 1 where rows are here that should not be, 2 where
 * it could not do it.
 */
const { DATABASE_URL, MIGRATION_DATABASE_URL, MASTER_KEYS } = settings;
const schema = z.object({ DATABASE_URL: DATABASE_URL.optional(), MIGRATION_DATABASE_URL, MASTER_KEYS });
await runProgram(async () => {
  const { file, before } = argumentsOf(process.argv.slice(2));
  const env = readSettings(schema, process.env);
  const setting = env.MIGRATION_DATABASE_URL ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL';
  const url = env.MIGRATION_DATABASE_URL ?? readSettings(z.object({ DATABASE_URL }), process.env).DATABASE_URL;
  const options = { url, entities: accessEntities, applicationName: 'retract-archive-audit', poolSize: 2 };
  await withDatabase(
    options,
    async (dataSource) => {
      try {
        await archive(dataSource, env.MASTER_KEYS, file, before);
      } catch (error) {
        throw isTold(error) ? new ProgramEnded(sentenceOf(error), { cause: error }) : error;
      }
    },
    setting,
  );
});

async function archive(
  dataSource: DataSource,
  keys: readonly MasterKey[],
  file: string,
  before: Date | undefined,
): Promise<void> {
  const box = new SecretBox(keys);
  const archives = new AuditArchives(dataSource, box);
  await archives.refuseUnlessOwner();
  await checkMasterKeys(dataSource, keys);
  const heads = (await AuditHeads.noted(dataSource)).flatMap((text) => readHead(text) ?? []);
  const believable = heads.filter((head) => isSigned(head, box) !== false);
  if (before) await take(dataSource, archives, believable, before, file);
  else await remove(dataSource, archives, believable, file);
}

function argumentsOf(args: string[]): { file: string; before: Date | undefined } {
  const options = { before: { type: 'string' }, file: { type: 'string' }, delete: { type: 'boolean' } } as const;
  try {
    const { before, file, delete: isDeletion = false } = parseArgs({ args, options }).values;
    if (!file || isDeletion === (before !== undefined)) throw new Error('too many options, or too few');
    return { file, before: before === undefined ? undefined : new Date(`${z.iso.date().parse(before)}T00:00:00Z`) };
  } catch (error) {
    throw new ProgramEnded(USAGE, { cause: error });
  }
}

async function take(
  dataSource: DataSource,
  archives: AuditArchives,
  heads: readonly AuditHead[],
  before: Date,
  file: string,
): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new ArchiveRefused(`${file} is there already: choose another name.`);
  await archives.refuseUnlessOld(before);
  const after = endOf(await AuditArchives.newest(dataSource));
  // Under its own name a file is whole. What a run that was killed has left is written anew.
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  try {
    await writeArchive(partial, AuditLog.of(dataSource).oldRows(after, before));
    const part = await lookAtArchive(partial, after, heads);
    if (part) {
      await rename(partial, file);
      await keepNamesIn(file);
      console.log(
        `${file} has ${part.rows} rows, up to ${part.upTo.toISOString()}, as they were written, and as ${part.metHeads} heads ` +
          `say that were noted meanwhile.\nSHA-256 ${part.sha256}, last hash ${part.lastHash}\n` +
          'Nothing was deleted. Keep a copy elsewhere, then: npm run archive-audit -- --delete --file ' +
          file,
      );
    } else {
      console.log(`The log has no rows to archive: none but the newest is of before ${before.toISOString()}.`);
    }
  } finally {
    await rm(partial, { force: true });
  }
}

async function remove(
  dataSource: DataSource,
  archives: AuditArchives,
  heads: readonly AuditHead[],
  file: string,
): Promise<void> {
  const known = await AuditArchives.all(dataSource);
  const sha256 = await sha256Of(file);
  let archive = known.find((one) => one.sha256 === sha256);
  if (!archive) {
    const part = await lookAtArchive(file, endOf(known.at(-1)), heads);
    if (!part) throw new ArchiveRefused(`${file} has no rows.`);
    archive = await archives.seal(part);
  }
  console.log(
    `${file} is an archive since ${archive.archivedAt.toISOString()}: ${archive.rows} rows, up to ` +
      `${archive.upTo.toISOString()}.\nSHA-256 ${archive.sha256}, last hash ${archive.lastHash}`,
  );
  let [deleted, told] = [0, 0];
  for await (const batch of batchesOf(file, archive.prevHash, STEP)) {
    deleted += await archives.remove(batch);
    if (deleted - told < TOLD_EVERY) continue;
    told = deleted;
    console.log(`${deleted} rows are deleted.`);
  }
  console.log(`${deleted} rows were deleted.`);
  const left = await archives.oldestLeft();
  if (left === undefined) return;
  console.error(`Row ${left} is still here: it is of another archive, or verify-audit tells what is wrong with it.`);
  process.exitCode = 1;
}

/** What is an end in words. Of keys that do not fit it says that it could not do it, as of all else. */
function isTold(error: unknown): error is Error {
  return [ArchiveRefused, MasterKeysRefused, NoAuditEvent].some((kind) => error instanceof kind) || isFileError(error);
}

/** Of the file, Node says which call failed. */
function sentenceOf(error: Error): string {
  return isFileError(error) ? `The file cannot be used: ${error.message}.` : error.message;
}

function isFileError(error: unknown): boolean {
  const call = error instanceof Error && 'syscall' in error ? String(error.syscall) : '';
  return ['open', 'read', 'write', 'fsync', 'rename'].includes(call);
}
