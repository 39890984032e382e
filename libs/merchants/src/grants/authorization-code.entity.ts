import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { PlatformRow } from '../platforms/platform.entity.js';

/** An authorization code that arrived, by redirect or by event, and what its one exchange came to. */
@Entity({ name: 'authorization_codes' })
export class AuthorizationCodeRow {
  @ForeignKey(() => PlatformRow, { name: 'authorization_codes_platform_id_fkey' })
  @PrimaryColumn('uuid', { name: 'platform_id' })
  platformId!: string;
  @PrimaryColumn('text', { name: 'code_hash' }) codeHash!: string;
  @Column('uuid', { name: 'lease_owner', nullable: true }) leaseOwner!: string | null;
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;
  @Column('uuid', { name: 'merchant_id', nullable: true }) merchantId!: string | null;
  /** The grant that this code made. */
  @Column('integer', { name: 'grant_version', nullable: true }) grantVersion!: number | null;
  @Column('text', { name: 'failure_code', nullable: true }) failureCode!: string | null;
  @Index('authorization_codes_created_at_idx')
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}

/** A `state` that came back with the redirect: it may come back again only with the same code (a reloaded page). */
@Entity({ name: 'used_authorization_states' })
export class UsedAuthorizationState {
  @PrimaryColumn('uuid') id!: string;
  @Column('text', { name: 'code_hash' }) codeHash!: string;
  @Index('used_authorization_states_used_at_idx')
  @CreateDateColumn({ type: 'timestamptz', name: 'used_at' })
  usedAt!: Date;
}
