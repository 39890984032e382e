import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { PlatformRow } from '@app/merchants';

/** What WeChat allows a platform to call for all of its merchants together, `learnedCalls` in `learnedSeconds`. */
@Entity({ name: 'platform_pacing' })
export class PlatformPacing {
  @ForeignKey(() => PlatformRow, { name: 'platform_pacing_platform_id_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'platform_id' })
  platformId!: string;
  /** The rate allows no call before. */
  @Column('timestamptz', { name: 'next_slot_at', default: () => 'now()' }) nextSlotAt!: Date;
  @Column('integer', { name: 'learned_calls', nullable: true }) learnedCalls!: number | null;
  @Column('integer', { name: 'learned_seconds', nullable: true }) learnedSeconds!: number | null;
  @Column('timestamptz', { name: 'learned_at', nullable: true }) learnedAt!: Date | null;
}
