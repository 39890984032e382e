import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-types.js';

/** Something that happened. Rows are only ever added. */
@Entity({ name: 'events' })
@Index('events_merchant_idx', ['merchantId', 'id'], { where: 'merchant_id IS NOT NULL' })
export class EventRow {
  /** Of version 7, so ids are in order of time. */
  @PrimaryColumn('uuid') id!: string;
  @Column('text') type!: EventType;
  @Column('uuid', { name: 'platform_id' }) platformId!: string;
  @Column('uuid', { name: 'merchant_id', nullable: true }) merchantId!: string | null;
  @Column('jsonb') data!: object;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
