import { Check, Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

/** `tokens` may do nothing but borrow access tokens; the others include what stands to their right. */
export type Role = 'admin' | 'operator' | 'viewer' | 'tokens';

@Entity({ name: 'api_keys' })
@Unique('api_keys_key_hash_key', ['keyHash'])
@Check('api_keys_role_check', `role IN ('admin', 'operator', 'viewer', 'tokens')`)
export class ApiKey {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  /** SHA-256: the key has 256 random bits, so nothing slower is needed. */
  @Column('text', { name: 'key_hash' }) keyHash!: string;
  @Column('text') role!: Role;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
