import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * An account's delete calls as WeChat counts them, today and by the minute, and their limits. WeChat counts for the
 * account, so the lanes of an account that authorized several platforms share the ledger. It is locked after its lanes.
 */
@Entity({ name: 'account_ledgers' })
export class AccountLedger {
  @PrimaryColumn('text', { name: 'authorizer_appid', primaryKeyConstraintName: 'account_ledgers_pkey' })
  authorizerAppid!: string;
  /** The rate allows no call before. */
  @Column('timestamptz', { name: 'next_slot_at', nullable: true }) nextSlotAt!: Date | null;
  /** Null: the deployment's default, like the daily limit. */
  @Column('integer', { name: 'rate_per_minute', nullable: true }) ratePerMinute!: number | null;
  @Column('integer', { name: 'daily_limit', nullable: true }) dailyLimit!: number | null;
  /** A key with limits has set the limit: it holds as far as it is less than what holds without it. */
  @Column('boolean', { name: 'is_rate_cap', default: false }) isRateCap!: boolean;
  @Column('boolean', { name: 'is_daily_cap', default: false }) isDailyCap!: boolean;
  /** The Asia/Shanghai day that `quotaUsed` counts, YYYY-MM-DD. */
  @Column('date', { name: 'quota_day', nullable: true }) quotaDay!: string | null;
  @Column('integer', { name: 'quota_used', default: 0 }) quotaUsed!: number;
  /** The daily limit and the rate, `learnedCalls` in `learnedSeconds`, as WeChat last told them. */
  @Column('integer', { name: 'learned_limit', nullable: true }) learnedLimit!: number | null;
  @Column('integer', { name: 'learned_calls', nullable: true }) learnedCalls!: number | null;
  @Column('integer', { name: 'learned_seconds', nullable: true }) learnedSeconds!: number | null;
  @Column('timestamptz', { name: 'learned_at', nullable: true }) learnedAt!: Date | null;
  /** When WeChat was last asked for them, whatever came of it. */
  @Column('timestamptz', { name: 'quota_asked_at', nullable: true }) quotaAskedAt!: Date | null;
  /** When WeChat last said 45009. */
  @Column('timestamptz', { name: 'spent_said_at', nullable: true }) spentSaidAt!: Date | null;
  /** When its counters were last cleared. */
  @Column('timestamptz', { name: 'cleared_at', nullable: true }) clearedAt!: Date | null;
  /** Calls per minute since `slowedAt`, when WeChat said that they come too fast; from there it recovers. */
  @Column('double precision', { name: 'slowed_rate', nullable: true }) slowedRate!: number | null;
  @Column('timestamptz', { name: 'slowed_at', nullable: true }) slowedAt!: Date | null;
  /** The Asia/Shanghai month that `clearsUsed` counts, YYYY-MM: WeChat lets a quota be cleared ten times a month. */
  @Column('text', { name: 'clears_month', nullable: true }) clearsMonth!: string | null;
  @Column('integer', { name: 'clears_used', default: 0 }) clearsUsed!: number;
}
