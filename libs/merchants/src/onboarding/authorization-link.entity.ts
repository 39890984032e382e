import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { PlatformRow } from '../platforms/platform.entity.js';

/** A link to the authorization page that the provider issued. Its address is signed, not stored. */
@Entity({ name: 'authorization_links' })
export class AuthorizationLink {
  @PrimaryColumn('uuid') id!: string;
  @Index('authorization_links_platform_id_idx')
  @ForeignKey(() => PlatformRow, { name: 'authorization_links_platform_id_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'platform_id' })
  platformId!: string;
  /** What the merchant will be called that authorizes by it, unless it has a name already. */
  @Column('text', { nullable: true }) ref!: string | null;
  /** The one account that it is for. */
  @Column('text', { name: 'authorizer_appid', nullable: true }) authorizerAppid!: string | null;
  @Column('text', { name: 'return_url', nullable: true }) returnUrl!: string | null;
  @Column('boolean', { name: 'is_single_use' }) isSingleUse!: boolean;
  @Index('authorization_links_expires_at_idx')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
  /** The API key, and what its role was. */
  @Column('uuid', { name: 'issued_by' }) issuedBy!: string;
  @Column('text', { name: 'issuer_role' }) issuerRole!: string;
  /** Whose keys are counted together. Null: the provider's key counts for itself. */
  @Column('text', { name: 'issuer_tenant', nullable: true }) issuerTenant!: string | null;
  @Column('timestamptz', { name: 'used_at', nullable: true }) usedAt!: Date | null;
  /** Of the authorization code that used it last: a result page that is loaded again uses nothing. */
  @Column('text', { name: 'code_hash', nullable: true }) codeHash!: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
