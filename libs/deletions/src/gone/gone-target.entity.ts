import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';
import type { Proof } from '../deletion/states.js';

/** What stays for ever of a deletion that succeeded and is not kept any more: enough to know that its target is gone. */
@Entity({ name: 'gone_targets' })
@Index('gone_targets_target_idx', ['merchantId', 'targetKey'])
@Index('gone_targets_told_idx', ['merchantId', 'msgId'], { where: `proof = 'verified'` })
export class GoneTarget {
  /** The deletion's. */
  @PrimaryColumn('uuid') id!: string;
  @ForeignKey(() => Merchant, { name: 'gone_targets_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;
  @Column('bigint', { name: 'msg_id', nullable: true }) msgId!: string | null;
  @Column('text', { name: 'target_key' }) targetKey!: string;
  @Column('text') proof!: Proof;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'finished_at' }) finishedAt!: Date;
}
