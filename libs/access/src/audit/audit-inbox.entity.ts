import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { AuditData } from './audit-event.entity.js';
import type { Role } from '../principals/api-key.entity.js';

/** An act on its way into the chain: see AuditLog.defer. */
@Entity({ name: 'audit_inbox' })
export class DeferredAct {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' }) seq!: string;
  @Column('timestamptz') at!: Date;
  @Column('uuid', { name: 'api_key_id' }) apiKeyId!: string;
  @Column('text') role!: Role;
  @Column('text') action!: string;
  @Column('text', { name: 'subject_type' }) subjectType!: string;
  @Column('text', { name: 'subject_id' }) subjectId!: string;
  @Column('text', { name: 'component_appid', nullable: true }) componentAppid!: string | null;
  @Column('text', { name: 'authorizer_appid', nullable: true }) authorizerAppid!: string | null;
  @Column('text', { name: 'request_id' }) requestId!: string;
  @Column('text') ip!: string;
  @Column('jsonb') data!: AuditData;
}
