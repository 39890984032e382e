import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { CallbackEvent } from './callback-event.entity.js';

export type ForwardState = 'pending' | 'delivered' | 'given_up';

/** One recorded push on its way to one of the platform's forward_urls. */
@Entity({ name: 'callback_forwards' })
@Check('callback_forwards_state_check', `state IN ('pending', 'delivered', 'given_up')`)
@Index('callback_forwards_pending_idx', ['nextAttemptAt'], { where: `state = 'pending'` })
export class CallbackForward {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => CallbackEvent, { name: 'callback_forwards_event_id_fkey' })
  @Index('callback_forwards_event_idx')
  @Column('uuid', { name: 'event_id' })
  eventId!: string;
  /** As registered, `$APPID$` not yet replaced. */
  @Column('text') url!: string;
  @Column('text', { default: 'pending' }) state!: ForwardState;
  /** Body, query string and content type as WeChat sent them; wiped when nobody needs them any more. */
  @Column('text', { name: 'push_sealed', nullable: true }) pushSealed!: string | null;
  @Column('integer', { default: 0 }) attempts!: number;
  @Column('integer', { name: 'last_status', nullable: true }) lastStatus!: number | null;
  /** Why there was no answer, e.g. `timeout` or `ECONNREFUSED`. */
  @Column('text', { name: 'last_error', nullable: true }) lastError!: string | null;
  @Column('timestamptz', { name: 'next_attempt_at', default: () => 'now()' }) nextAttemptAt!: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
