import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: the last place in the feed whose event is kept no more. A reader from before it has missed something. */
@Entity({ name: 'forgotten_events' })
export class ForgottenEvents {
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'forgotten_events_pkey' }) id!: number;
  @Column('bigint') txid!: string;
  @Column('bigint') seq!: string;
}
