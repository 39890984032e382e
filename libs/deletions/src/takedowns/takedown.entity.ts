import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { DeletionCounts } from '../deletion/states.js';
import type { TakedownState } from './takedown-states.js';

/** Many deletions from one decision. */
@Entity({ name: 'takedowns' })
@Check('takedowns_state_check', `state IN ('receiving', 'starting', 'running', 'finished', 'cancelled')`)
@Check('takedowns_cancel_code_check', `cancel_code IN ('requested', 'upload_broken_off')`)
@Index('takedowns_open_idx', ['id'], { where: 'finished_at IS NULL' })
@Index('takedowns_unsettled_idx', ['id'], { where: 'finished_at IS NOT NULL AND settled_counts IS NULL' })
@Index('takedowns_state_idx', ['state', 'id'])
@Index('takedowns_finished_idx', ['finishedAt'], { where: 'finished_at IS NOT NULL AND forgotten_at IS NULL' })
@Index('takedowns_forgotten_idx', ['id'], { where: 'forgotten_at IS NOT NULL' })
@Index('takedowns_limited_idx', ['id'], { where: 'scope_platforms IS NOT NULL OR scope_merchants IS NOT NULL' })
export class Takedown {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') state!: TakedownState;
  @Column('boolean', { name: 'is_urgent' }) isUrgent!: boolean;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('jsonb', { default: {} }) metadata!: Record<string, string>;
  @Column('integer', { name: 'undo_seconds', default: 0 }) undoSeconds!: number;
  /** Until then a cancel stops everything. Counted from when all of it was received. */
  @Column('timestamptz', { name: 'undo_until', nullable: true }) undoUntil!: Date | null;
  /** When deletions that it found open become as pressing as it is: not while it may be undone. Null when that is done. */
  @Column('timestamptz', { name: 'hastens_at', nullable: true }) hastensAt!: Date | null;
  @Column('integer', { default: 0 }) accepted!: number;
  @Column('integer', { name: 'already_open', default: 0 }) alreadyOpen!: number;
  /** Items whose target was known to be gone. */
  @Column('integer', { name: 'already_deleted', default: 0 }) alreadyDeleted!: number;
  @Column('integer', { default: 0 }) rejected!: number;
  @Column('text', { name: 'cancel_code', nullable: true }) cancelCode!: 'requested' | 'upload_broken_off' | null;
  /** The API key. */
  @Column('uuid', { name: 'requested_by' }) requestedBy!: string;
  @Column('text', { name: 'request_id' }) requestId!: string;
  /** What that key was limited to: so are the merchants of all the deletions. */
  @Column('text', { name: 'scope_platforms', array: true, nullable: true }) scopePlatforms!: string[] | null;
  @Column('text', { name: 'scope_merchants', array: true, nullable: true }) scopeMerchants!: string[] | null;
  /** Last sign of life of the process that receives or starts it. */
  @Column('timestamptz', { name: 'heard_at', default: () => 'now()' }) heardAt!: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'started_at', nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { name: 'cancelled_at', nullable: true }) cancelledAt!: Date | null;
  /** When its last deletion came to an end. */
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
  /** How its deletions ended, so that they need not be counted again. Null while one is open, or was since the last count. */
  @Column('jsonb', { name: 'settled_counts', nullable: true }) settledCounts!: DeletionCounts | null;
  /** Of many deletions under way: their progress, as somebody last found it out. */
  @Column('jsonb', { nullable: true }) progress!: object | null;
  /** When somebody last set out to find it out. */
  @Column('timestamptz', { name: 'progress_sought_at', nullable: true }) progressSoughtAt!: Date | null;
  /** It has been kept for as long as it is to be: from then on nobody sees it, and all of it goes step by step. */
  @Column('timestamptz', { name: 'forgotten_at', nullable: true }) forgottenAt!: Date | null;
}

/** What was received of a takedown and is not yet among the deletions. */
@Entity({ name: 'takedown_items' })
export class TakedownItemRow {
  @PrimaryColumn('uuid', { name: 'takedown_id' }) takedownId!: string;
  @PrimaryColumn('integer') line!: number;
  @Column('uuid', { name: 'deletion_id' }) deletionId!: string;
  @Column('uuid', { name: 'merchant_id' }) merchantId!: string;
  @Column('bigint', { name: 'msg_id', nullable: true }) msgId!: string | null;
  @Column('integer', { name: 'article_idx', nullable: true }) articleIdx!: number | null;
  @Column('text', { nullable: true }) url!: string | null;
  @Column('text', { name: 'target_key' }) targetKey!: string;
  /** The address that was asked for, where the inventory turned it into a message. */
  @Column('text', { name: 'asked_url', nullable: true }) askedUrl!: string | null;
  @Column('text', { name: 'asked_key', nullable: true }) askedKey!: string | null;
  /** Whether it is to be deleted although it is known to be gone. */
  @Column('boolean', { default: false }) again!: boolean;
  /** Although its merchant is not eligible, where facts may have it wrong. */
  @Column('boolean', { name: 'try_anyway', default: false }) tryAnyway!: boolean;
}

/**
 * A deletion of somebody else that was open, or had succeeded, when the takedown asked for the same. Of one that had
 * succeeded long before, no more may be kept than its row in `gone_targets`: hence no foreign key.
 */
@Entity({ name: 'takedown_links' })
export class TakedownLink {
  @ForeignKey(() => Takedown, { name: 'takedown_links_takedown_id_fkey' })
  @PrimaryColumn('uuid', { name: 'takedown_id' })
  takedownId!: string;
  @PrimaryColumn('uuid', { name: 'deletion_id' })
  @Index('takedown_links_deletion_idx')
  deletionId!: string;
  /** It had succeeded by then. */
  @Column('boolean', { name: 'was_deleted', default: false }) wasDeleted!: boolean;
  /** The address that the takedown asked for: the deletion may have been asked for by another one. */
  @Column('text', { name: 'asked_url', nullable: true }) askedUrl!: string | null;
}

/** A line that was not accepted. */
@Entity({ name: 'takedown_rejections' })
export class TakedownRejectionRow {
  @ForeignKey(() => Takedown, { name: 'takedown_rejections_takedown_id_fkey' })
  @PrimaryColumn('uuid', { name: 'takedown_id' })
  takedownId!: string;
  /** 1-based: of the NDJSON body, or its place in the list. */
  @PrimaryColumn('integer') line!: number;
  @Column('text') code!: string;
  @Column('text') detail!: string;
  /** How the line begins, without what looks like a secret. */
  @Column('text') excerpt!: string;
}
