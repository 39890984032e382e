import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeletionState } from '../deletion/states.js';

/** A constant that all columns shared would be changed by TypeORM. */
const key = () => ({ primaryKeyConstraintName: 'deletion_tallies_pkey' });

/** How many deletions of a platform ended in one way within five minutes, or long ago an hour or a day. Kept for a month. */
@Entity({ name: 'deletion_tallies' })
export class DeletionTally {
  /** When that began. */
  @PrimaryColumn('timestamptz', key()) at!: Date;
  @PrimaryColumn('uuid', { name: 'platform_id', ...key() }) platformId!: string;
  @PrimaryColumn('text', key()) state!: Extract<DeletionState, 'succeeded' | 'failed' | 'cancelled'>;
  @PrimaryColumn('text', { name: 'outcome_code', ...key() }) outcomeCode!: string;
  @Column('integer') count!: number;
}

const totalKey = () => ({ primaryKeyConstraintName: 'deletion_totals_pkey' });

/** How many deletions ended in one way, of all that is tallied. Kept for ever, and only added to. */
@Entity({ name: 'deletion_totals' })
export class DeletionTotal {
  @PrimaryColumn('text', totalKey()) state!: DeletionTally['state'];
  @PrimaryColumn('text', { name: 'outcome_code', ...totalKey() }) outcomeCode!: string;
  @Column('bigint') count!: string;
}

/** The one row that says up to which moment everything is in the tallies, when a worker last looked after them, and what is not kept any more. */
@Entity({ name: 'deletion_tally_marks' })
@Check('deletion_tally_marks_only_check', `is_only`)
export class DeletionTallyMark {
  @PrimaryColumn('boolean', {
    name: 'is_only',
    default: true,
    primaryKeyConstraintName: 'deletion_tally_marks_pkey',
  })
  isOnly!: boolean;
  @Column('timestamptz', { name: 'tallied_until' }) talliedUntil!: Date;
  @Column('timestamptz', { name: 'swept_at', nullable: true }) sweptAt!: Date | null;
  /** The latest end of a deletion that is not kept any more. */
  @Column('timestamptz', { name: 'pruned_until', nullable: true }) prunedUntil!: Date | null;
}
