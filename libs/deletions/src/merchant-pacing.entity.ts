import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';

/** A merchant's lane: when it is due, its rate, and today's ledger of delete calls. */
@Entity({ name: 'merchant_pacing' })
@Check('merchant_pacing_blocked_for_check', `blocked_for IN ('rate_limit', 'daily_quota', 'merchant_admin', 'token_conflict')`)
@Index('merchant_pacing_due_idx', ['dueAt'], { where: 'due_at IS NOT NULL' })
export class MerchantPacing {
  @ForeignKey(() => Merchant, { name: 'merchant_pacing_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** When the dispatcher should look at the lane next; null while it is empty. */
  @Column('timestamptz', { name: 'due_at', nullable: true }) dueAt!: Date | null;
  /** The rate allows no call before. */
  @Column('timestamptz', { name: 'next_slot_at', default: () => 'now()' }) nextSlotAt!: Date;
  /** Null: the deployment's default, like the daily limit. */
  @Column('integer', { name: 'rate_per_minute', nullable: true }) ratePerMinute!: number | null;
  @Column('integer', { name: 'daily_limit', nullable: true }) dailyLimit!: number | null;
  /** The Asia/Shanghai day that `quotaUsed` counts, YYYY-MM-DD. */
  @Column('date', { name: 'quota_day', nullable: true }) quotaDay!: string | null;
  @Column('integer', { name: 'quota_used', default: 0 }) quotaUsed!: number;
  @Column('text', { name: 'blocked_for', nullable: true }) blockedFor!:
    'rate_limit' | 'daily_quota' | 'merchant_admin' | 'token_conflict' | null;
  /** For normal deletions; urgent ones may still have the reserve. */
  @Column('timestamptz', { name: 'blocked_until', nullable: true }) blockedUntil!: Date | null;
  @Column('timestamptz', { name: 'urgent_blocked_until', nullable: true }) urgentBlockedUntil!: Date | null;
  /** What WeChat last said of the daily limit and of the rate, `learnedCalls` in `learnedSeconds`. */
  @Column('integer', { name: 'learned_limit', nullable: true }) learnedLimit!: number | null;
  @Column('integer', { name: 'learned_calls', nullable: true }) learnedCalls!: number | null;
  @Column('integer', { name: 'learned_seconds', nullable: true }) learnedSeconds!: number | null;
  @Column('timestamptz', { name: 'learned_at', nullable: true }) learnedAt!: Date | null;
  /** When that was last asked for, whatever came of it. */
  @Column('timestamptz', { name: 'quota_asked_at', nullable: true }) quotaAskedAt!: Date | null;
  /** When WeChat last said 45009. */
  @Column('timestamptz', { name: 'spent_said_at', nullable: true }) spentSaidAt!: Date | null;
  /** Calls per minute since `slowedAt`, when WeChat said that they come too fast; from there it recovers. */
  @Column('double precision', { name: 'slowed_rate', nullable: true }) slowedRate!: number | null;
  @Column('timestamptz', { name: 'slowed_at', nullable: true }) slowedAt!: Date | null;
  /** The Asia/Shanghai month that `clearsUsed` counts, YYYY-MM: WeChat lets a quota be cleared ten times a month. */
  @Column('text', { name: 'clears_month', nullable: true }) clearsMonth!: string | null;
  @Column('integer', { name: 'clears_used', default: 0 }) clearsUsed!: number;
}
