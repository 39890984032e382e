import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-types.js';

/** Something that happened. Rows are only ever added, and forgotten some day. */
@Entity({ name: 'events' })
@Index('events_merchant_idx', ['merchantId', 'id'], { where: 'merchant_id IS NOT NULL' })
@Index('events_feed_idx', ['txid', 'seq'])
@Index('events_type_idx', ['type', 'txid', 'seq'], { where: `type <> 'deletion.succeeded'` })
@Index('events_takedown_idx', ['takedownId', 'txid', 'seq'], { where: 'takedown_id IS NOT NULL' })
export class EventRow {
  /** A UUID of version 7, so ids are in order of time. */
  @PrimaryColumn('uuid', { default: () => 'new_event_id()' }) id!: string;
  @Column('text') type!: EventType;
  @Column('uuid', { name: 'platform_id', nullable: true }) platformId!: string | null;
  @Column('uuid', { name: 'merchant_id', nullable: true }) merchantId!: string | null;
  /** The names by which the outside knows platform and merchant. They never change. */
  @Column('text', { name: 'component_appid', nullable: true }) componentAppid!: string | null;
  @Column('text', { name: 'authorizer_appid', nullable: true }) authorizerAppid!: string | null;
  @Column('uuid', { name: 'deletion_id', nullable: true }) deletionId!: string | null;
  @Column('uuid', { name: 'takedown_id', nullable: true }) takedownId!: string | null;
  /**
   * The platforms that an event about no single platform or merchant concerns, as component_appids. Null: not known,
   * or everybody.
   */
  @Column('text', { name: 'scope_platforms', array: true, nullable: true }) scopePlatforms!: string[] | null;
  /** authorizer_appids */
  @Column('text', { name: 'scope_merchants', array: true, nullable: true }) scopeMerchants!: string[] | null;
  /** For a deletion's event: the API key that asked for it, whose metadata the data has. */
  @Column('uuid', { name: 'requested_by', nullable: true }) requestedBy!: string | null;
  @Column('jsonb') data!: object;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  /** The order of the rows of one transaction. */
  @Column({ type: 'bigint', generated: 'identity', generatedIdentity: 'ALWAYS' }) seq!: string;
  /** The id of the transaction that wrote the row. */
  @Column('bigint', { default: () => 'current_txid()' }) txid!: string;
}
