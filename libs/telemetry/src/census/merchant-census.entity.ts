import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Census } from './census.js';

/** The one row of the census of all merchants: how far the next one is, and what the last one came to. */
@Entity({ name: 'merchant_census' })
@Check('merchant_census_only_check', `is_only`)
export class MerchantCensusRow {
  @PrimaryColumn('boolean', { name: 'is_only', default: true, primaryKeyConstraintName: 'merchant_census_pkey' })
  isOnly!: boolean;
  /** Steps that were ever made. Of processes that make the same one, the first keeps it. */
  @Column('bigint') steps!: string;
  @Column('timestamptz', { name: 'stepped_at' }) steppedAt!: Date;
  /** The appid up to which merchants are counted in `so_far`. Empty: nobody is. */
  @Column('text') after!: string;
  @Column('jsonb', { name: 'so_far' }) soFar!: Census;
  /** Null: there was none to the end yet. */
  @Column('jsonb', { nullable: true }) taken!: Census | null;
  @Column('timestamptz', { name: 'taken_at', nullable: true }) takenAt!: Date | null;
}
