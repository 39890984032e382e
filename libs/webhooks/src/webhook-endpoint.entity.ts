import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export type EndpointState = 'enabled' | 'disabled';

/**
 * `failing`: nothing got through for as long as a delivery is tried; `gone`: it answered 410; `request`: somebody
 * asked.
 */
export type DisabledReason = 'failing' | 'gone' | 'request';

/** An address of the provider's that wants to be told of events. */
@Entity({ name: 'webhook_endpoints' })
@Check('webhook_endpoints_state_check', `state IN ('enabled', 'disabled')`)
export class WebhookEndpointRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') url!: string;
  @Column('text', { nullable: true }) description!: string | null;
  /** Patterns of event types. */
  @Column('text', { name: 'event_types', array: true }) eventTypes!: string[];
  /** component_appids; null is no limit. */
  @Column('text', { array: true, nullable: true }) platforms!: string[] | null;
  /** authorizer_appids; null is no limit. */
  @Column('text', { array: true, nullable: true }) merchants!: string[] | null;
  @Column('text', { name: 'secret_sealed' }) secretSealed!: string;
  /** Signs as well, until the receiver has had time to learn the new one. */
  @Column('text', { name: 'previous_secret_sealed', nullable: true }) previousSecretSealed!: string | null;
  @Column('timestamptz', { name: 'previous_secret_until', nullable: true }) previousSecretUntil!: Date | null;
  @Column('text', { default: 'enabled' }) state!: EndpointState;
  @Column('text', { name: 'disabled_reason', nullable: true }) disabledReason!: DisabledReason | null;
  /** The time of the first failure since something got through; null while all is well. */
  @Column('timestamptz', { name: 'failing_since', nullable: true }) failingSince!: Date | null;
  /** The time of the last success, to the second. */
  @Column('timestamptz', { name: 'last_delivered_at', nullable: true }) lastDeliveredAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' }) updatedAt!: Date;
}
