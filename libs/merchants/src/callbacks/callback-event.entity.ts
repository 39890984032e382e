import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { PlatformRow } from '../platforms/platform.entity.js';

/** `authorization`: the authorization-event URL; `message`: the message-and-event URL. */
export type CallbackChannel = 'authorization' | 'message';

/** The inbox: every authentic push, once. */
@Entity({ name: 'callback_events' })
@Unique('callback_events_fingerprint_key', ['platformId', 'fingerprint'])
@Check('callback_events_channel_check', `channel IN ('authorization', 'message')`)
@Check('callback_events_state_check', `state IN ('pending', 'done', 'failed', 'unreadable')`)
@Index('callback_events_platform_idx', ['platformId', 'id'])
@Index('callback_events_kind_idx', ['kind', 'id'])
@Index('callback_events_not_done_idx', ['state', 'id'], { where: `state <> 'done'` })
@Index('callback_events_merchant_idx', ['authorizerAppid', 'id'])
@Index('callback_events_received_at_idx', ['receivedAt'])
@Index('callback_events_pending_idx', ['receivedAt'], { where: `state = 'pending'` })
export class CallbackEvent {
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => PlatformRow, { name: 'callback_events_platform_id_fkey' })
  @Column('uuid', { name: 'platform_id' })
  platformId!: string;
  @Column('text') channel!: CallbackChannel;
  /** WeChat's InfoType, or the Event or MsgType of a message. */
  @Column('text') kind!: string;
  @Column('text', { name: 'authorizer_appid', nullable: true }) authorizerAppid!: string | null;
  /** SHA-256 of its path and its decrypted text: a repeated push has other envelope bytes but the same content. */
  @Column('text') fingerprint!: string;
  /** What the job still needs; wiped when it is done. */
  @Column('text', { name: 'payload_sealed', nullable: true }) payloadSealed!: string | null;
  /**
   * `unreadable`: all or a part of its text could not be read, and `failureCode` says why; what could be was acted
   * upon.
   */
  @Column('text') state!: 'pending' | 'done' | 'failed' | 'unreadable';
  @Column('text', { name: 'failure_code', nullable: true }) failureCode!: string | null;
  @Column('text', { name: 'request_id' }) requestId!: string;
  /** WeChat's CreateTime. */
  @Column('timestamptz', { name: 'pushed_at' }) pushedAt!: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'received_at' }) receivedAt!: Date;
  @Column('timestamptz', { name: 'processed_at', nullable: true }) processedAt!: Date | null;
}
