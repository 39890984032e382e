import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, LessThan, Repository } from 'typeorm';
import { SecretBox } from '@app/vault';
import { CHAIN_START, hashOfEvent, verifyChain } from './audit-chain.js';
import { isSigned, readHead } from './audit-head.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditHeads } from './audit-heads.js';

/** Rows that one look checks: it takes some tens of milliseconds, however long the log is. */
const CHECKED = 1_000;

/**
 * `met`: signed by this service, and its row is in the chain. `unknown_key`: the same, signed with a master key that is not
 * here. `not_met`: its row is not in the chain. `forged`: this service has not written it.
 */
export const headStates = ['met', 'unknown_key', 'not_met', 'forged'] as const;
export type HeadState = (typeof headStates)[number];

/** How the newest part of the log looks. */
export interface RecentVerdict {
  isSound: boolean;
  /** Rows that were checked, and whether these are all there are. */
  rows: number;
  isWhole: boolean;
  oldest: AuditEvent | undefined;
  newest: AuditEvent | undefined;
  /** The first of them that does not fit. */
  brokenSeq: string | undefined;
  /** What was last noted of the chain outside of it. */
  head: { at: Date; state: HeadState } | undefined;
}

/** Looks at the newest rows of the audit log and at its newest head, for a page; `AuditLog.verify` looks at all of it. */
@Injectable()
export class AuditVerification {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(AuditEvent) private readonly chained: Repository<AuditEvent>,
    private readonly box: SecretBox,
  ) {}

  /** Changes nothing. */
  async recent(): Promise<RecentVerdict> {
    // Before the rows: what comes between is in them, and no row of the head can be missing for it.
    const head = await this.newestHead();
    const found = await this.chained.find({ order: { seq: 'DESC' }, take: CHECKED + 1 });
    const isWhole = found.length <= CHECKED;
    const before = isWhole ? undefined : found.pop();
    const events = found.reverse();
    const verdict = verifyChain(events, before?.hash ?? CHAIN_START);
    return {
      isSound: verdict.ok && (head === undefined || head.state === 'met' || head.state === 'unknown_key'),
      rows: events.length,
      isWhole,
      oldest: events[0],
      newest: events.at(-1),
      brokenSeq: verdict.ok ? undefined : verdict.seq,
      head,
    };
  }

  private async newestHead(): Promise<RecentVerdict['head']> {
    const noted = await AuditHeads.newest(this.dataSource);
    if (!noted) return undefined;
    const head = readHead(noted.head);
    const signed = head && isSigned(head, this.box);
    if (!head || signed === false) return { at: noted.at, state: 'forged' };
    if (!(await this.has(head.hash))) return { at: noted.at, state: 'not_met' };
    return { at: noted.at, state: signed === undefined ? 'unknown_key' : 'met' };
  }

  /** Whether a row has this hash, and is as it was when it got it. The row after it names it, and is found by an index. */
  private async has(hash: string): Promise<boolean> {
    if (hash === CHAIN_START) return true;
    const next = await this.chained.findOneBy({ prevHash: hash });
    const [row] = await this.chained.find({
      where: next ? { seq: LessThan(next.seq) } : {},
      order: { seq: 'DESC' },
      take: 1,
    });
    return row?.hash === hash && hashOfEvent(row, row.prevHash) === hash;
  }
}
