import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { PlatformRow } from '../platforms/platform.entity.js';

/** A pre-auth code that was made for a click, until WeChat has surely forgotten it. */
@Entity({ name: 'pre_auth_codes' })
// On an expression.
@Index('pre_auth_codes_over_idx', { synchronize: false })
@Unique('pre_auth_codes_taker_key', ['platformId', 'taker'])
export class PreAuthCodeRow {
  /** Also that of the `state` which goes with the code: both are for one authorization. */
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => PlatformRow, { name: 'pre_auth_codes_platform_id_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'platform_id' })
  platformId!: string;
  /** Whose clicks it is for, and nobody else's. */
  @Column('text') taker!: string;
  @Column('text', { name: 'code_sealed', nullable: true }) codeSealed!: string | null;
  /** While it is being made. */
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;
  @Column('timestamptz', { name: 'handed_out_until', nullable: true }) handedOutUntil!: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** How many codes were made for somebody in an hour. */
@Entity({ name: 'pre_auth_budgets' })
@Index('pre_auth_budgets_hour_idx', ['hour'])
export class PreAuthBudget {
  @ForeignKey(() => PlatformRow, { name: 'pre_auth_budgets_platform_id_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'platform_id' })
  platformId!: string;
  @PrimaryColumn('text') spender!: string;
  @Column('timestamptz') hour!: Date;
  @Column('integer') made!: number;
}
