import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * Tells the dispatcher to look at a lane, for example because a deletion came into it. It stands beside the lane and
 * not in it: many clients may post for one merchant at once, and none shall wait for another's lock, nor the dispatcher
 * for theirs.
 */
@Entity({ name: 'lane_wakes' })
export class LaneWake {
  @PrimaryColumn('bigint', { generated: 'identity', generatedIdentity: 'ALWAYS' }) id!: string;
  @Column('uuid', { name: 'merchant_id' }) merchantId!: string;
  @Column('timestamptz', { name: 'ready_at' }) readyAt!: Date;
}
