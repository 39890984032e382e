import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ArchiveRefused,
  lookAtChain,
  verifyChain,
  type ArchivedRows,
  type AuditEvent,
  type AuditHead,
  type ChainPlace,
} from '@app/access';
import { exportText, readExport } from './audit-export.js';

/** Writes rows to a file that is not there yet. They are on the disk when it returns. */
export async function writeArchive(path: string, events: AsyncIterable<AuditEvent>): Promise<void> {
  await pipeline(exportText(events, 'ndjson'), createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }));
}

/** A file that was renamed in this folder keeps its name from here on, whatever happens. */
export async function keepNamesIn(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  // Windows syncs no folders.
  await folder.sync().catch(() => undefined);
  await folder.close();
}

/**
 * Reads a file back, every row of it.
 * @param after where it has to begin @param heads those that can be believed: what they say of these rows has to be so
 * @returns undefined where it has no rows
 * @throws ArchiveRefused, NoAuditEvent, and what the file system says
 */
export async function lookAtArchive(
  path: string,
  after: ChainPlace,
  heads: readonly AuditHead[],
): Promise<(ArchivedRows & { metHeads: number }) | undefined> {
  const hash = createHash('sha256');
  const ends: { first?: AuditEvent; last?: AuditEvent } = {};
  let newest = 0;
  async function* ascending(): AsyncGenerator<AuditEvent> {
    for await (const event of readExport(Readable.from(chunksOf(path, hash)))) {
      if (!ends.first && event.prevHash !== after.hash) {
        const where =
          after.rows === 0 ? 'at the start of the log' : `behind ${after.hash}, where the last archive ends`;
        throw new ArchiveRefused(`${path} does not begin ${where}.`);
      }
      // A hash does not cover the number of its row.
      if (BigInt(event.seq) <= BigInt(ends.last?.seq ?? after.seq)) {
        throw new ArchiveRefused(
          `${path} is not in order: row ${event.seq} stands behind row ${ends.last?.seq ?? after.seq}.`,
        );
      }
      ends.first ??= event;
      ends.last = event;
      newest = Math.max(newest, event.at.getTime());
      yield event;
    }
  }
  const report = await lookAtChain(ascending(), [], heads, after);
  if (!report.ok) {
    throw new ArchiveRefused(
      `The log is broken at row ${report.seq}, which does not fit the one before it: run verify-audit. It was not archived.`,
    );
  }
  const [unmet] = report.unmet.filter(({ rows }) => rows <= report.rows);
  if (unmet) {
    throw new ArchiveRefused(
      `The log had ${unmet.rows} rows at ${unmet.at.toISOString()}, and does not have them as they were: run verify-audit. ` +
        'It was not archived.',
    );
  }
  const { first, last } = ends;
  if (!first || !last) return undefined;
  return {
    firstSeq: first.seq,
    lastSeq: last.seq,
    prevHash: first.prevHash,
    lastHash: last.hash,
    rows: report.rows - after.rows,
    upTo: new Date(newest),
    sha256: hash.digest('hex'),
    metHeads: heads.filter(({ rows }) => rows > after.rows && rows <= report.rows).length,
  };
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const _chunk of chunksOf(path, hash));
  return hash.digest('hex');
}

/**
 * The rows of an archive again, so many at a time. Each is looked at anew, for the file may have been changed meanwhile.
 * @param after the hash of the row before them
 */
export async function* batchesOf(path: string, after: string, size: number): AsyncGenerator<AuditEvent[]> {
  let [batch, lastHash]: [AuditEvent[], string] = [[], after];
  for await (const event of readExport(Readable.from(chunksOf(path)))) {
    const verdict = verifyChain([event], lastHash);
    if (!verdict.ok) throw new ArchiveRefused(`${path} was changed: row ${event.seq} does not fit the one before it.`);
    ({ lastHash } = verdict);
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* chunksOf(path: string, hash?: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash?.update(chunk);
    yield chunk;
  }
}
