import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Deletion } from './deletion.entity.js';

/** One upstream call made for a deletion. Written before the call: without `finishedAt`, its outcome is not known. */
@Entity({ name: 'deletion_attempts' })
@Index('deletion_attempts_deletion_idx', ['deletionId', 'id'])
export class DeletionAttempt {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => Deletion, { name: 'deletion_attempts_deletion_id_fkey' })
  @Column('uuid', { name: 'deletion_id' })
  deletionId!: string;
  @Column('text') operation!: 'mass/delete' | 'mass/get';
  /** The class of the answer. */
  @Column('text', { nullable: true }) outcome!: string | null;
  @Column('integer', { nullable: true }) errcode!: number | null;
  @Column('text', { nullable: true }) errmsg!: string | null;
  @Column('text', { nullable: true }) rid!: string | null;
  @Column('integer', { name: 'http_status', nullable: true }) httpStatus!: number | null;
  @Column('integer', { name: 'latency_ms', nullable: true }) latencyMs!: number | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'started_at' }) startedAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
