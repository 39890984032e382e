import type { DataSource } from 'typeorm';
import { rows, type Sql } from '@app/database';
import type { SecretBox } from '@app/vault';
import { BEFORE_ALL, type ChainPlace } from './audit-chain.js';
import type { AuditEvent } from './audit-event.entity.js';

/** The oldest rows of the log, or the next ones after an earlier archive, as a file has them. */
export interface ArchivedRows {
  firstSeq: string;
  lastSeq: string;
  /** The hash of the row before the first, and that of the last. */
  prevHash: string;
  lastHash: string;
  rows: number;
  /** When the newest of them was written. */
  upTo: Date;
  /** Of the file. */
  sha256: string;
}

export interface AuditArchive extends ArchivedRows {
  /** Of this archive and all before it. */
  totalRows: number;
  archivedAt: Date;
  /** The master key that the signature is derived from. */
  keyId: string;
  signature: string;
}

/**
 * Younger rows stay: what is asked about is most often of the last months, and rules for audit logs want three of them at
 * hand.
 */
export const KEPT_DAYS = 90;

/** Something is not as it has to be for rows to leave; nothing was changed. */
export class ArchiveRefused extends Error {}

const PURPOSE = 'audit-archive';

function signedText(archive: Omit<AuditArchive, 'signature'>): string {
  const { firstSeq, lastSeq, prevHash, lastHash, totalRows, upTo, sha256, archivedAt, keyId } = archive;
  const moments = [upTo, archivedAt].map((moment) => moment.toISOString());
  return [firstSeq, lastSeq, prevHash, lastHash, archive.rows, totalRows, sha256, ...moments, keyId].join('/');
}

/** Whether a key of the box has signed it; undefined where the box has not the key that it names. */
export function isArchiveSigned(archive: AuditArchive, box: SecretBox): boolean | undefined {
  if (!box.keyIds.includes(archive.keyId)) return undefined;
  return box.verify(PURPOSE, signedText(archive), archive.signature);
}

/** Where the rows begin that are not archived. @param archive the newest */
export const endOf = (archive: AuditArchive | undefined): ChainPlace =>
  archive ? { seq: archive.lastSeq, rows: archive.totalRows, hash: archive.lastHash } : BEFORE_ALL;

/** The first that does not follow the one before it. @param archives oldest first */
export function firstUnjoined(archives: readonly AuditArchive[]): AuditArchive | undefined {
  return archives.find((archive, index) => {
    const before = endOf(archives[index - 1]);
    const isAfter = archive.prevHash === before.hash && BigInt(archive.firstSeq) > BigInt(before.seq);
    return !isAfter || archive.totalRows !== before.rows + archive.rows;
  });
}

/** What the database says of rows that are to leave it. */
interface Standing {
  at: Date;
  areOld: boolean;
  hasLast: boolean;
  goesOn: boolean;
  hasLeft: boolean;
}

/** Takes archived rows out of the log. Only the owner of the tables may. */
export class AuditArchives {
  constructor(
    private readonly dataSource: DataSource,
    private readonly box: SecretBox,
  ) {}

  /** Oldest first. */
  static async all(sql: Sql): Promise<AuditArchive[]> {
    return await rows(sql, `SELECT ${COLUMNS} FROM audit_archives ORDER BY last_seq`);
  }

  static async newest(sql: Sql): Promise<AuditArchive | undefined> {
    return (await rows<AuditArchive>(sql, `SELECT ${COLUMNS} FROM audit_archives ORDER BY last_seq DESC LIMIT 1`))[0];
  }

  /** @throws ArchiveRefused */
  async refuseUnlessOwner(): Promise<void> {
    const [here] = await rows<{ role: string; isMigrated: boolean; isOwner: boolean }>(
      this.dataSource,
      `SELECT current_user::text AS role, made IS NOT NULL AS "isMigrated", COALESCE((SELECT
           pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = made), false) AS "isOwner"
       FROM to_regclass('public.audit_archives') AS made`,
    );
    if (!here?.isMigrated) {
      throw new ArchiveRefused('The database has no audit log of this version: `retract admin migrate` makes it.');
    }
    if (!here.isOwner) {
      throw new ArchiveRefused(
        `The role ${here.role} does not own the audit log, and only its owner may: set MIGRATION_DATABASE_URL.`,
      );
    }
  }

  /** @param before rows from before this moment are to leave @throws ArchiveRefused */
  async refuseUnlessOld(before: Date): Promise<void> {
    const [here] = await rows<{ areOld: boolean; oldest: Date }>(
      this.dataSource,
      `SELECT $1::timestamptz <= ${OLD} AS "areOld", ${OLD} AS oldest`,
      [before],
    );
    if (!here?.areOld) {
      const day = here?.oldest.toISOString().slice(0, 10);
      throw new ArchiveRefused(`Rows of the last ${KEPT_DAYS} days stay: the day may be ${day} at the latest.`);
    }
  }

  /**
   * Notes that a file has these rows, from where on they may go.
   * @param part as it was read from the file, and as the chain wants it
   * @throws ArchiveRefused
   */
  async seal(part: ArchivedRows): Promise<AuditArchive> {
    return await this.dataSource.transaction(async (tx) => {
      const before = endOf(await AuditArchives.newest(tx));
      const [standing] = await rows<Standing>(
        tx,
        `SELECT date_trunc('milliseconds', now()) AS at, $1::timestamptz < ${OLD} AS "areOld",
           EXISTS (SELECT FROM audit_events WHERE seq = $2 AND hash = $3) AS "hasLast",
           EXISTS (SELECT FROM audit_events WHERE seq > $2) AS "goesOn",
           EXISTS (SELECT FROM audit_events WHERE seq <= $4) AS "hasLeft"`,
        [part.upTo, part.lastSeq, part.lastHash, before.seq],
      );
      const why = standing ? whyNotSealed(part, before, standing) : 'The database does not answer.';
      if (!standing || why !== undefined) throw new ArchiveRefused(why);
      const keyId = this.box.keyIds[0] ?? '';
      const unsigned = { ...part, totalRows: before.rows + part.rows, archivedAt: standing.at, keyId };
      const archive = { ...unsigned, signature: this.box.sign(PURPOSE, signedText(unsigned)) };
      const made = await rows(
        tx,
        `INSERT INTO audit_archives (first_seq, last_seq, prev_hash, last_hash, rows, total_rows, up_to, sha256,
           archived_at, key_id, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING last_seq`,
        [
          ...[archive.firstSeq, archive.lastSeq, archive.prevHash, archive.lastHash, archive.rows, archive.totalRows],
          ...[archive.upTo, archive.sha256, archive.archivedAt, archive.keyId, archive.signature],
        ],
      );
      if (made.length === 0) throw new ArchiveRefused('Somebody else has archived these rows meanwhile: run it again.');
      return archive;
    });
  }

  /** Deletes those of these rows that are still here, as they are there. They are in an archive. @returns how many */
  async remove(events: readonly AuditEvent[]): Promise<number> {
    const [gone] = await rows<{ count: number }>(
      this.dataSource,
      `WITH gone AS (DELETE FROM audit_events WHERE seq >= $1 AND seq <= $2 AND (seq, hash) IN (
           SELECT * FROM unnest($3::bigint[], $4::text[])) RETURNING 1)
       SELECT count(*)::int AS count FROM gone`,
      [events[0]?.seq, events.at(-1)?.seq, events.map(({ seq }) => seq), events.map(({ hash }) => hash)],
    );
    return gone?.count ?? 0;
  }

  /** The oldest row that archives cover and that is still here. */
  async oldestLeft(): Promise<string | undefined> {
    const [left] = await rows<{ seq: string }>(
      this.dataSource,
      `SELECT seq FROM audit_events WHERE seq <= (SELECT max(last_seq) FROM audit_archives) ORDER BY seq LIMIT 1`,
    );
    return left?.seq;
  }
}

const OLD = `now() - interval '${KEPT_DAYS} days'`;

const COLUMNS = `first_seq AS "firstSeq", last_seq AS "lastSeq", prev_hash AS "prevHash", last_hash AS "lastHash",
  rows::float8, total_rows::float8 AS "totalRows", up_to AS "upTo", sha256, archived_at AS "archivedAt",
  key_id AS "keyId", signature`;

function whyNotSealed(part: ArchivedRows, before: ChainPlace, standing: Standing): string | undefined {
  if (part.prevHash !== before.hash) {
    return 'It does not begin where the rows begin that are not archived: an archive is missing before it.';
  }
  if (!standing.areOld) return `It has rows of the last ${KEPT_DAYS} days, which stay.`;
  if (!standing.hasLast) return 'Its last row is not in this log: it is of another database, or the log lost that row.';
  if (!standing.goesOn) return 'It has the newest row of the log, which stays, so that the next one can follow it.';
  if (standing.hasLeft) return 'Rows of an earlier archive are still here: delete these first, with the file of that.';
  return undefined;
}
