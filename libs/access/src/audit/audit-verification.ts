import { Injectable } from '@nestjs/common';
import { DataSource, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { SecretBox } from '@app/vault';
import { AuditArchives, endOf, isArchiveSigned, type AuditArchive } from './audit-archives.js';
import { hashOfEvent, verifyChain, type ChainPlace } from './audit-chain.js';
import { isSigned, readHead } from './audit-head.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditHeads } from './audit-heads.js';

/** Rows that one look checks, however long the log is. */
const CHECKED = 250;

/**
 * `met`: signed by this service, and its row is in the chain. `unknown_key`: the same, signed with a master key that is not
 * here. `not_met`: its row is not in the chain. `forged`: this service has not written it.
 */
export const headStates = ['met', 'unknown_key', 'not_met', 'forged'] as const;
export type HeadState = (typeof headStates)[number];

/** `signed`: by this service's owner. The others as with heads. */
export const archiveStates = ['signed', 'unknown_key', 'forged'] as const;
export type ArchiveState = (typeof archiveStates)[number];

/** How the newest part of the log looks. */
export interface RecentVerdict {
  isSound: boolean;
  /** Rows that were checked, and whether these are all that are not archived. */
  rows: number;
  isWhole: boolean;
  oldest: AuditEvent | undefined;
  newest: AuditEvent | undefined;
  /** The first of them that does not fit. */
  brokenSeq: string | undefined;
  /** What was last noted of the chain outside of it. */
  head: { at: Date; state: HeadState } | undefined;
  /** What is no longer here, if anything: so many rows, the newest of that time. */
  archived: { rows: number; upTo: Date; state: ArchiveState } | undefined;
}

/** Looks at the newest rows of the audit log and at its newest head, for a page; `AuditLog.verify` looks at all of it. */
@Injectable()
export class AuditVerification {
  constructor(
    private readonly dataSource: DataSource,
    private readonly box: SecretBox,
  ) {}

  /** Changes nothing. */
  async recent(): Promise<RecentVerdict> {
    // As it was at one moment: rows are archived, and heads noted, meanwhile.
    return await this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const archive = await AuditArchives.newest(tx);
      const end = endOf(archive);
      const head = await this.newestHead(tx, end);
      const where = { seq: MoreThan(end.seq) };
      const found = await tx.find(AuditEvent, { where, order: { seq: 'DESC' }, take: CHECKED + 1 });
      const isWhole = found.length <= CHECKED;
      const before = isWhole ? end : found.pop();
      const events = found.reverse();
      const verdict = verifyChain(events, before?.hash);
      const archived = archive && { rows: archive.totalRows, upTo: archive.upTo, state: this.stateOf(archive) };
      const isHeadSound = head === undefined || head.state === 'met' || head.state === 'unknown_key';
      return {
        isSound: verdict.ok && isHeadSound && archived?.state !== 'forged',
        rows: events.length,
        isWhole,
        oldest: events[0],
        newest: events.at(-1),
        brokenSeq: verdict.ok ? undefined : verdict.seq,
        head,
        archived,
      };
    });
  }

  private stateOf(archive: AuditArchive): ArchiveState {
    const isSigned = isArchiveSigned(archive, this.box);
    if (isSigned === undefined) return 'unknown_key';
    return isSigned ? 'signed' : 'forged';
  }

  /** @param after where the rows begin that are here. A head from before is compared where they are archived. */
  private async newestHead(tx: EntityManager, after: ChainPlace): Promise<RecentVerdict['head']> {
    const noted = await AuditHeads.newest(tx);
    if (!noted) return undefined;
    const head = readHead(noted.head);
    const signed = head && isSigned(head, this.box);
    if (!head || signed === false) return { at: noted.at, state: 'forged' };
    if (head.rows < after.rows) return undefined;
    if (!(await has(tx, head.hash, after))) return { at: noted.at, state: 'not_met' };
    return { at: noted.at, state: signed === undefined ? 'unknown_key' : 'met' };
  }
}

/** Whether a row has this hash, and is as it was when it got it. The row after it names it, and is found by an index. */
async function has(tx: EntityManager, hash: string, after: ChainPlace): Promise<boolean> {
  if (hash === after.hash) return true;
  const next = await tx.findOneBy(AuditEvent, { prevHash: hash });
  const [row] = await tx.find(AuditEvent, {
    where: next ? { seq: LessThan(next.seq) } : {},
    order: { seq: 'DESC' },
    take: 1,
  });
  return row?.hash === hash && hashOfEvent(row, row.prevHash) === hash;
}
