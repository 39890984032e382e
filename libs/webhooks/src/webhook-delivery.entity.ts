import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { WebhookEndpointRow } from './webhook-endpoint.entity.js';

export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** One event on its way to one endpoint. */
@Entity({ name: 'webhook_deliveries' })
@Unique('webhook_deliveries_endpoint_event_key', ['endpointId', 'eventId'])
@Check('webhook_deliveries_state_check', `state IN ('pending', 'delivered', 'failed')`)
@Index('webhook_deliveries_endpoint_idx', ['endpointId', 'id'])
@Index('webhook_deliveries_state_idx', ['endpointId', 'state', 'id'])
@Index('webhook_deliveries_type_idx', ['endpointId', 'eventType', 'state', 'id'])
@Index('webhook_deliveries_unqueued_idx', ['endpointId', 'id'], { where: `state = 'pending' AND NOT is_queued` })
@Index('webhook_deliveries_queued_idx', ['endpointId', 'nextAttemptAt'], { where: `state = 'pending' AND is_queued` })
@Index('webhook_deliveries_finished_idx', ['finishedAt'], { where: `state <> 'pending'` })
export class WebhookDelivery {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => WebhookEndpointRow, { name: 'webhook_deliveries_endpoint_id_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'endpoint_id' })
  endpointId!: string;
  /** Also the webhook-id that the receiver sees: the same in every attempt, and when it is sent again. */
  @Column('uuid', { name: 'event_id' }) eventId!: string;
  @Column('text', { name: 'event_type' }) eventType!: string;
  /** The type is not jsonb, which would put the keys into another order. */
  @Column('json') payload!: object;
  @Column('text', { default: 'pending' }) state!: DeliveryState;
  /** Whether it has a job. Without one it waits until its endpoint has fewer in hand. */
  @Column('boolean', { name: 'is_queued', default: false }) isQueued!: boolean;
  /** The number of times that somebody asked for it to be sent again. */
  @Column('integer', { default: 0 }) resends!: number;
  /** Since it was last asked for. */
  @Column('integer', { default: 0 }) attempts!: number;
  @Column('integer', { name: 'last_status', nullable: true }) lastStatus!: number | null;
  /** Why the last attempt had no answer, e.g. `timeout`, `private_address`, `ECONNREFUSED`. */
  @Column('text', { name: 'last_error', nullable: true }) lastError!: string | null;
  @Column('timestamptz', { name: 'next_attempt_at', default: () => 'now()' }) nextAttemptAt!: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
