import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';
import type { DeletionState, Proof } from './states.js';

/**
 * One wish to delete one article, one whole message, or one URL. Open until `finishedAt`; in the merchant's lane until
 * `dispatchedAt`. `merchant_pacing` says what a lane waits for (rate, quota).
 */
@Entity({ name: 'deletions' })
@Check(
  'deletions_state_check',
  `state IN ('scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')`,
)
@Check('deletions_waiting_for_check', `waiting_for IN ('backoff', 'merchant_admin', 'platform')`)
@Check('deletions_proof_check', `proof IN ('none', 'acknowledged', 'verified', 'inferred')`)
@Check(
  'deletions_target_check',
  `(msg_id IS NOT NULL AND article_idx IS NOT NULL AND url IS NULL)
    OR (msg_id IS NULL AND article_idx IS NULL AND url IS NOT NULL)`,
)
@Index('deletions_open_target_idx', ['merchantId', 'targetKey'], { unique: true, where: 'finished_at IS NULL' })
@Index('deletions_gone_idx', ['merchantId', 'targetKey'], { where: `state = 'succeeded'` })
@Index('deletions_told_gone_idx', ['merchantId', 'msgId'], { where: `proof = 'verified' AND state = 'succeeded'` })
@Index('deletions_lane_idx', ['merchantId', 'isUrgent', 'readyAt', 'id'], {
  where: 'finished_at IS NULL AND dispatched_at IS NULL',
})
@Index('deletions_dispatched_idx', ['dispatchedAt'], { where: 'finished_at IS NULL AND dispatched_at IS NOT NULL' })
@Index('deletions_tried_anyway_idx', ['merchantId'], { where: 'try_anyway AND finished_at IS NULL' })
@Index('deletions_ended_idx', ['merchantId', 'finishedAt'], { where: 'finished_at IS NOT NULL' })
@Index('deletions_errcode_idx', ['outcomeErrcode', 'id'], { where: 'outcome_errcode IS NOT NULL' })
@Index('deletions_verify_idx', ['verifyAt'], { where: 'verify_at IS NOT NULL' })
// Those with two conditions are for lists and counts: see isOpenListed in conditions.ts.
@Index('deletions_open_idx', ['id'], { where: `finished_at IS NULL AND created_at > '-infinity'` })
@Index('deletions_ended_list_idx', ['state', 'id'], { where: `finished_at IS NOT NULL AND created_at > '-infinity'` })
@Index('deletions_ended_at_idx', ['state', 'finishedAt', 'id'], {
  where: `finished_at IS NOT NULL AND created_at > '-infinity'`,
})
@Index('deletions_finished_idx', ['finishedAt'], { where: `finished_at IS NOT NULL AND created_at > '-infinity'` })
@Index('deletions_errcode_ended_idx', ['outcomeErrcode', 'finishedAt', 'id'], {
  where: `outcome_errcode IS NOT NULL AND finished_at IS NOT NULL AND created_at > '-infinity'`,
})
@Index('deletions_errcode_takedown_idx', ['outcomeErrcode', 'takedownId', 'id'], {
  where: 'outcome_errcode IS NOT NULL AND takedown_id IS NOT NULL',
})
@Index('deletions_takedown_ended_idx', ['takedownId', 'state', 'id'], {
  where: 'takedown_id IS NOT NULL AND finished_at IS NOT NULL',
})
@Index('deletions_takedown_outcome_idx', ['takedownId', 'outcomeCode', 'id'], {
  where: 'takedown_id IS NOT NULL AND finished_at IS NOT NULL',
})
@Index('deletions_requested_idx', ['requestedBy', 'merchantId'], {
  where: `finished_at IS NULL AND created_at > '-infinity'`,
})
@Index('deletions_merchant_idx', ['merchantId', 'id'])
@Index('deletions_msg_id_idx', ['msgId', 'id'], { where: 'msg_id IS NOT NULL' })
@Index('deletions_takedown_idx', ['takedownId', 'id'], { where: 'takedown_id IS NOT NULL' })
@Index('deletions_takedown_open_idx', ['takedownId'], { where: 'takedown_id IS NOT NULL AND finished_at IS NULL' })
export class Deletion {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => Merchant, { name: 'deletions_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** Decimal digits: a 64-bit number does not fit JavaScript's. */
  @Column('bigint', { name: 'msg_id', nullable: true }) msgId!: string | null;
  /** 1-based; 0 is the whole message. */
  @Column('integer', { name: 'article_idx', nullable: true }) articleIdx!: number | null;
  @Column('text', { nullable: true }) url!: string | null;
  /** The address that was asked for, where the inventory turned it into a message. */
  @Column('text', { name: 'asked_url', nullable: true }) askedUrl!: string | null;
  @Column('text', { name: 'target_key' }) targetKey!: string;
  @Column('text') state!: DeletionState;
  @Column('boolean', { name: 'is_urgent', default: false }) isUrgent!: boolean;
  @Column('timestamptz', { name: 'not_before', nullable: true }) notBefore!: Date | null;
  /** The lane may hand it out from then on: its schedule, or the end of a wait. */
  @Column('timestamptz', { name: 'ready_at' }) readyAt!: Date;
  @Column('timestamptz', { name: 'dispatched_at', nullable: true }) dispatchedAt!: Date | null;
  /** How often it left its lane. */
  @Column('integer', { default: 0 }) dispatches!: number;
  /** The moment at which the lane's rate allows its call. The dispatch has paid for it. */
  @Column('timestamptz', { name: 'slot_at', nullable: true }) slotAt!: Date | null;
  /** When its lane was due for it: what passes until its call is our delay. */
  @Column('timestamptz', { name: 'due_at', nullable: true }) dueAt!: Date | null;
  /** The run that has it, and until when no other may. */
  @Column('uuid', { name: 'run_id', nullable: true }) runId!: string | null;
  @Column('timestamptz', { name: 'running_until', nullable: true }) runningUntil!: Date | null;
  /** Delete calls made. */
  @Column('integer', { default: 0 }) attempts!: number;
  /** Transient failures so far; rate, quota and holds do not count. */
  @Column('integer', { default: 0 }) retries!: number;
  @Column('text', { name: 'waiting_for', nullable: true }) waitingFor!:
    'backoff' | 'merchant_admin' | 'platform' | null;
  @Column('timestamptz', { name: 'waiting_until', nullable: true }) waitingUntil!: Date | null;
  @Column('text', { name: 'outcome_code', nullable: true }) outcomeCode!: string | null;
  @Column('integer', { name: 'outcome_errcode', nullable: true }) outcomeErrcode!: number | null;
  @Column('text', { name: 'outcome_errmsg', nullable: true }) outcomeErrmsg!: string | null;
  @Column('text', { name: 'outcome_rid', nullable: true }) outcomeRid!: string | null;
  @Column('text', { default: 'none' }) proof!: Proof;
  /** When WeChat is asked (again) whether an accepted deletion took effect; null when it need not be. */
  @Column('timestamptz', { name: 'verify_at', nullable: true }) verifyAt!: Date | null;
  @Column('integer', { name: 'verify_tries', default: 0 }) verifyTries!: number;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('jsonb', { default: {} }) metadata!: Record<string, string>;
  /** Its merchant was not eligible for reasons that facts may have wrong, and somebody wanted WeChat asked anyway. */
  @Column('boolean', { name: 'try_anyway', default: false }) tryAnyway!: boolean;
  @Column('text', { name: 'request_id' }) requestId!: string;
  /** W3C's, of the request that asked for it, where that was traced. */
  @Column('text', { nullable: true }) traceparent!: string | null;
  /** The API key that asked. Null in rows from before this was written down. */
  @Column('uuid', { name: 'requested_by', nullable: true }) requestedBy!: string | null;
  /**
   * Keys that asked for the same while it was open, beyond the limits of the key above: a key with limits cannot undo
   * it for them.
   */
  @Column('uuid', { name: 'also_requested_by', array: true, default: [] }) alsoRequestedBy!: string[];
  @Column('uuid', { name: 'takedown_id', nullable: true }) takedownId!: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
