import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { ApiKey } from '../principals/api-key.entity.js';

/** A browser that is signed in with a key. The row of a session that ends is deleted. */
@Entity({ name: 'sessions' })
@Unique('sessions_token_hash_key', ['tokenHash'])
@Index('sessions_api_key_idx', ['apiKeyId', 'id'])
@Index('sessions_expires_at_idx', ['expiresAt'])
export class Session {
  @PrimaryColumn('uuid') id!: string;
  /** SHA-256 of the cookie's value, which has 256 random bits. */
  @Column('text', { name: 'token_hash' }) tokenHash!: string;
  @ForeignKey(() => ApiKey, { name: 'sessions_api_key_id_fkey' })
  @Column('uuid', { name: 'api_key_id' })
  apiKeyId!: string;
  /** From where it was started. */
  @Column('text') ip!: string;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
}
