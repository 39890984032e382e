import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Merchant } from '@app/merchants';

/** The signs that another system mints access tokens for a merchant's account, too. */
@Entity({ name: 'token_conflicts' })
export class TokenConflict {
  @ForeignKey(() => Merchant, { name: 'token_conflicts_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** Fresh tokens that WeChat refused one after the other, and since when. */
  @Column('integer', { default: 0 }) refused!: number;
  @Column('timestamptz', { nullable: true }) since!: Date | null;
  /** No call is made before: each mint makes the other system's token void, too. */
  @Column('timestamptz', { nullable: true }) until!: Date | null;
  /** The last times that a token was void before its time, and the next one was taken; oldest first. */
  @Column('timestamptz', { array: true, default: [] }) voids!: Date[];
  @Column('timestamptz', { name: 'voids_told_at', nullable: true }) voidsToldAt!: Date | null;
}
