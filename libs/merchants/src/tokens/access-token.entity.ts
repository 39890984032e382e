import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The current access token of a holder: a platform (component_access_token) or a merchant (authorizer_access_token).
 */
@Entity({ name: 'access_tokens' })
@Index('access_tokens_sealed_key_idx', { synchronize: false })
@Index('access_tokens_expires_idx', ['expiresAt'], { where: 'token_sealed IS NOT NULL' })
export class AccessTokenRow {
  @PrimaryColumn('uuid', { name: 'holder_id' }) holderId!: string;
  @Column('text', { name: 'token_sealed', nullable: true }) tokenSealed!: string | null;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  /** Some time before the end, or the moment when WeChat refused it. */
  @Column('timestamptz', { name: 'use_until', nullable: true }) useUntil!: Date | null;
  /** Grows with every token, so that a late failure names the token that it was about. */
  @Column('integer', { default: 0 }) version!: number;
  @Column('uuid', { name: 'lease_owner', nullable: true }) leaseOwner!: string | null;
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;
  @Column('timestamptz', { name: 'failed_until', nullable: true }) failedUntil!: Date | null;
  @Column('text', { name: 'failure_code', nullable: true }) failureCode!: string | null;
  /** When WeChat refused a token before its time, until one that was minted since is taken. */
  @Column('timestamptz', { name: 'void_at', nullable: true }) voidAt!: Date | null;
}
