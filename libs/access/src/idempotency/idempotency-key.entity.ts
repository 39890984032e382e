import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ApiKey } from '../principals/api-key.entity.js';

/** The answer that was given to a request with an Idempotency-Key. */
@Entity({ name: 'idempotency_keys' })
@Index('idempotency_keys_created_at_idx', ['createdAt'])
export class IdempotencyKey {
  @ForeignKey(() => ApiKey, { name: 'idempotency_keys_api_key_id_fkey' })
  @PrimaryColumn('uuid', { name: 'api_key_id' })
  apiKeyId!: string;
  @PrimaryColumn('text') key!: string;
  @Column('text', { name: 'request_hash' }) requestHash!: string;
  @Column('integer') status!: number;
  @Column('jsonb') answer!: unknown;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
