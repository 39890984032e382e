import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import type { DeniedReason, IneligibleReason, MerchantState } from './eligibility.js';
import { PlatformRow } from '../platforms/platform.entity.js';

/** Who told of an address, or of an account's `__biz`. */
export type Source = 'wechat' | 'import';

/** An Official or Service account that authorized one platform: the tenant. */
@Entity({ name: 'merchants' })
@Unique('merchants_platform_authorizer_key', ['platformId', 'authorizerAppid'])
@Index('merchants_sealed_key_idx', { synchronize: false })
@Index('merchants_facts_unread_idx', ['id'], { where: 'facts_read_at IS NULL' })
@Check('merchants_biz_source_check', `biz_source IN ('wechat', 'import')`)
@Index('merchants_facts_age_idx', ['factsReadAt', 'id'])
@Index('merchants_facts_outdated_idx', { synchronize: false })
@Index('merchants_eligible_idx', ['id'], { where: `ineligible_reasons = '{}'` })
@Index('merchants_ineligible_idx', ['id'], { where: `ineligible_reasons <> '{}'` })
@Index('merchants_without_set_7_idx', ['id'], { where: `'permission_set_7_not_granted' = ANY(ineligible_reasons)` })
@Index('merchants_not_official_idx', ['id'], { where: `'not_an_official_account' = ANY(ineligible_reasons)` })
@Index('merchants_not_verified_idx', ['id'], { where: `'not_verified' = ANY(ineligible_reasons)` })
@Index('merchants_frozen_idx', ['id'], { where: `'account_frozen' = ANY(ineligible_reasons)` })
@Index('merchants_state_idx', ['state', 'id'])
@Index('merchants_ref_idx', ['ref', 'id'], { where: 'ref IS NOT NULL' })
@Check('merchants_denied_reason_check', `denied_reason IN ('not_verified', 'account_frozen')`)
@Check('merchants_state_check', `state IN ('authorized', 'unauthorized', 'reauthorization_required')`)
export class Merchant {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => PlatformRow, { name: 'merchants_platform_id_fkey' })
  @Column('uuid', { name: 'platform_id' })
  platformId!: string;
  @Index('merchants_authorizer_appid_idx')
  @Column('text', { name: 'authorizer_appid' })
  authorizerAppid!: string;
  /** The provider's own name for this merchant. */
  @Column('text', { nullable: true }) ref!: string | null;
  /** The API key that gave the name, or that issued the link it came by. Null, of one from before: the provider's. */
  @Column('uuid', { name: 'ref_set_by', nullable: true }) refSetBy!: string | null;
  @Column('text') state!: MerchantState;
  @Column('text', { name: 'refresh_token_sealed', nullable: true }) refreshTokenSealed!: string | null;
  /** Ids of the permission sets in the grant, as WeChat's `func_info` listed them. Null: nobody was told yet. */
  @Column('integer', { name: 'permission_sets', array: true, nullable: true }) permissionSets!: number[] | null;
  /** Counts grants: what was read under an older grant must not overwrite a newer one. */
  @Column('integer', { name: 'grant_version', default: 0 }) grantVersion!: number;
  /** WeChat's clock where an event told it, ours otherwise. An `unauthorized` from before it is late news. */
  @Column('timestamptz', { name: 'granted_at', nullable: true }) grantedAt!: Date | null;
  @Column('text', { name: 'nick_name', nullable: true }) nickName!: string | null;
  @Column('text', { name: 'user_name', nullable: true }) userName!: string | null;
  @Column('text', { name: 'principal_name', nullable: true }) principalName!: string | null;
  /** The `__biz` of its article addresses, once one was seen. */
  @Index('merchants_biz_idx', { where: 'biz IS NOT NULL' })
  @Column('text', { nullable: true })
  biz!: string | null;
  /** Who told of `biz`; never a key with limits. Null, from before this was written down: it counts for nobody. */
  @Column('text', { name: 'biz_source', nullable: true }) bizSource!: Source | null;
  @Column('boolean', { name: 'is_mini_program', nullable: true }) isMiniProgram!: boolean | null;
  @Column('integer', { name: 'service_type', nullable: true }) serviceType!: number | null;
  @Column('integer', { name: 'verify_type', nullable: true }) verifyType!: number | null;
  @Column('integer', { name: 'account_status', nullable: true }) accountStatus!: number | null;
  /** Null: never, or not under a grant of which the list of authorizers told alone. */
  @Column('timestamptz', { name: 'facts_read_at', nullable: true }) factsReadAt!: Date | null;
  /** Since when WeChat has been asked for facts that were never read, without an answer that tells them. */
  @Column('timestamptz', { name: 'facts_failing_since', nullable: true }) factsFailingSince!: Date | null;
  /** When a job was last sent to read them, so that one that cannot be read is not asked for all the time. */
  @Column('timestamptz', { name: 'facts_asked_at', nullable: true }) factsAskedAt!: Date | null;
  /** When it was last asked for by request that they be read anew. */
  @Column('timestamptz', { name: 'refresh_asked_at', nullable: true }) refreshAskedAt!: Date | null;
  /** What an answer of WeChat said against the account although its facts did not. */
  @Column('text', { name: 'denied_reason', nullable: true }) deniedReason!: DeniedReason | null;
  /** When an answer of WeChat last spoke against it: whoever was to be tried anyway before has been answered. */
  @Column('timestamptz', { name: 'taught_at', nullable: true }) taughtAt!: Date | null;
  /**
   * What `ineligibleReasons` said when the row last changed: everybody goes by it. A changed rule needs a migration.
   */
  @Column('text', { name: 'ineligible_reasons', array: true, default: '{}' }) ineligibleReasons!: IneligibleReason[];
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt!: Date;
}
