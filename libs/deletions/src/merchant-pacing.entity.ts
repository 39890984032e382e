import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';

/** A merchant's lane: when it is due, its rate, and today's ledger of delete calls. */
@Entity({ name: 'merchant_pacing' })
@Check('merchant_pacing_blocked_for_check', `blocked_for IN ('rate_limit', 'daily_quota')`)
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
  @Column('text', { name: 'blocked_for', nullable: true }) blockedFor!: 'rate_limit' | 'daily_quota' | null;
  /** For normal deletions; urgent ones may still have the reserve. */
  @Column('timestamptz', { name: 'blocked_until', nullable: true }) blockedUntil!: Date | null;
  @Column('timestamptz', { name: 'urgent_blocked_until', nullable: true }) urgentBlockedUntil!: Date | null;
}
