import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A figure that takes long to count: one process counts it for all, and no more often than is of use. */
@Entity({ name: 'shared_figures' })
export class SharedFigure {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'shared_figures_pkey' }) name!: string;
  /** When a process last began to count it. */
  @Column('timestamptz', { name: 'claimed_at' }) claimedAt!: Date;
  /** Null: it was never counted to the end. */
  @Column('timestamptz', { name: 'counted_at', nullable: true }) countedAt!: Date | null;
  @Column('jsonb', { nullable: true }) value!: Record<string, number> | null;
}
