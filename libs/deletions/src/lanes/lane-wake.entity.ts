import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A word to the dispatcher that a deletion came into a lane. Left beside the lane and not in it: many clients may post for
 * one merchant at once, and none shall wait for another's lock, nor the dispatcher for all of them.
 */
@Entity({ name: 'lane_wakes' })
export class LaneWake {
  @PrimaryColumn('bigint', { generated: 'identity', generatedIdentity: 'ALWAYS' }) id!: string;
  @Column('uuid', { name: 'merchant_id' }) merchantId!: string;
  @Column('timestamptz', { name: 'ready_at' }) readyAt!: Date;
}
