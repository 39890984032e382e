import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';

/** A merchant's lane: when it is due, and what shuts it. Its rate and quota are its account's, in `account_ledgers`. */
@Entity({ name: 'merchant_pacing' })
@Check(
  'merchant_pacing_blocked_for_check',
  `blocked_for IN ('rate_limit', 'daily_quota', 'merchant_admin', 'token_conflict')`,
)
@Index('merchant_pacing_due_idx', ['dueAt'], { where: 'due_at IS NOT NULL' })
export class MerchantPacing {
  @ForeignKey(() => Merchant, { name: 'merchant_pacing_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** When the dispatcher should look at the lane next; null while it is empty. */
  @Column('timestamptz', { name: 'due_at', nullable: true }) dueAt!: Date | null;
  /** Its account's rate allowed no call before when that was last written, or the lane was told to pause. */
  @Column('timestamptz', { name: 'next_slot_at', default: () => 'now()' }) nextSlotAt!: Date;
  @Column('text', { name: 'blocked_for', nullable: true }) blockedFor!:
    'rate_limit' | 'daily_quota' | 'merchant_admin' | 'token_conflict' | null;
  /** For normal deletions; urgent ones may still have the reserve. */
  @Column('timestamptz', { name: 'blocked_until', nullable: true }) blockedUntil!: Date | null;
  @Column('timestamptz', { name: 'urgent_blocked_until', nullable: true }) urgentBlockedUntil!: Date | null;
}
