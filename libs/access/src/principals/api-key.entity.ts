import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** `tokens` may do nothing but borrow access tokens; the others include what stands to their right. */
export const roles = ['admin', 'operator', 'viewer', 'tokens'] as const;
export type Role = (typeof roles)[number];

@Entity({ name: 'api_keys' })
@Unique('api_keys_key_hash_key', ['keyHash'])
@Check('api_keys_role_check', `role IN ('admin', 'operator', 'viewer', 'tokens')`)
@Check('api_keys_tenant_check', `(tenant IS NULL) = (platforms IS NULL AND merchants IS NULL)`)
@Index('api_keys_tenant_idx', ['tenant'], { where: 'tenant IS NOT NULL' })
export class ApiKey {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  /**
   * SHA-256: a key that we made has 256 random bits, so nothing slower is needed. BOOTSTRAP_API_KEY is as good as its
   * maker.
   */
  @Column('text', { name: 'key_hash' }) keyHash!: string;
  @Column('text') role!: Role;
  /** component_appids that it is limited to; null: no limit. */
  @Column('text', { array: true, nullable: true }) platforms!: string[] | null;
  /** authorizer_appids that it is limited to; null: no limit. */
  @Column('text', { array: true, nullable: true }) merchants!: string[] | null;
  /** The tenant whose keys are counted together: a trigger writes it. Null: the provider's own. */
  @Column({ type: 'text', nullable: true, insert: false, update: false }) tenant!: string | null;
  /** From BOOTSTRAP_API_KEY. */
  @Column('boolean', { name: 'is_bootstrap', default: false }) isBootstrap!: boolean;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  /** To the minute. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;
  @ForeignKey(() => ApiKey, { name: 'api_keys_created_by_fkey' })
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
