import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ApiKey } from '../principals/api-key.entity.js';

/** What a sign-in link holds. The row of one that was used is deleted. */
@Entity({ name: 'sign_in_tokens' })
@Index('sign_in_tokens_expires_at_idx', ['expiresAt'])
export class SignInToken {
  /** SHA-256: the token has 256 random bits. */
  @PrimaryColumn('text', { name: 'token_hash' }) tokenHash!: string;
  @ForeignKey(() => ApiKey, { name: 'sign_in_tokens_api_key_id_fkey' })
  @Column('uuid', { name: 'api_key_id' })
  apiKeyId!: string;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
}
