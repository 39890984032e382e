import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { ApiKey, type Role } from '../principals/api-key.entity.js';

/**
 * Values that read back from the database exactly as they were hashed: no fractions, no dates. What is undefined
 * is left out. Never a secret.
 */
export type AuditData = Record<string, string | number | boolean | null | readonly string[] | undefined>;

/** Who did what to what. Rows are only ever added; a trigger refuses anything else. */
@Entity({ name: 'audit_events' })
@Unique('audit_events_prev_hash_key', ['prevHash'])
@Index('audit_events_subject_idx', ['subjectId', 'seq'])
@Index('audit_events_api_key_idx', ['apiKeyId', 'seq'])
@Index('audit_events_at_idx', ['at'])
@Index('audit_events_action_idx', ['action', 'seq'])
@Index('audit_events_platform_idx', ['componentAppid', 'seq'])
@Index('audit_events_merchant_idx', ['authorizerAppid', 'seq'])
export class AuditEvent {
  /** In digits. Has gaps where a transaction was rolled back. */
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' }) seq!: string;
  @Column('timestamptz') at!: Date;
  @ForeignKey(() => ApiKey, { name: 'audit_events_api_key_id_fkey' })
  @Column('uuid', { name: 'api_key_id' })
  apiKeyId!: string;
  @Column('text') role!: Role;
  @Column('text') action!: string;
  @Column('text', { name: 'subject_type' }) subjectType!: string;
  @Column('text', { name: 'subject_id' }) subjectId!: string;
  /** The tenant that it was about, if it was about one: keys with limits see only these. */
  @Column('text', { name: 'component_appid', nullable: true }) componentAppid!: string | null;
  @Column('text', { name: 'authorizer_appid', nullable: true }) authorizerAppid!: string | null;
  @Column('text', { name: 'request_id' }) requestId!: string;
  @Column('text') ip!: string;
  @Column('jsonb') data!: AuditData;
  /** The hash of the row before this one; CHAIN_START for the first. */
  @Column('text', { name: 'prev_hash' }) prevHash!: string;
  @Column('text') hash!: string;
}
