import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: up to where the events feed has become deliveries. */
@Entity({ name: 'webhook_feed' })
export class WebhookFeed {
  @PrimaryColumn('integer') id!: number;
  @Column('text') cursor!: string;
}
