import { PlatformRow } from '@app/merchants';
import { Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Why a platform is held, which the operator or WeChat has to mend first. */
export const holdReasons = [
  'platform_broken',
  'ticket_invalid',
  'ticket_missing',
  'connect_failed',
  // The platform's own calls for tokens, of the day or of the minute, are spent.
  'platform_quota_spent',
  'platform_too_fast',
] as const;
export type HoldReason = (typeof holdReasons)[number];

/** A platform for which every call would fail, as long as that lasts. */
@Entity({ name: 'platform_holds' })
export class PlatformHold {
  @ForeignKey(() => PlatformRow, { name: 'platform_holds_platform_id_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'platform_id' })
  platformId!: string;
  @CreateDateColumn({ type: 'timestamptz' }) since!: Date;
  @Column('text') reason!: HoldReason;
  @Column('integer', { nullable: true }) errcode!: number | null;
  /** The platform gets no tokens: merchants who have one are not concerned. */
  @Column('boolean', { name: 'is_of_mint', default: false }) isOfMint!: boolean;
  /** The deletion that met the failure. Null: not known. */
  @Column('uuid', { name: 'begun_by', nullable: true }) begunBy!: string | null;
  /** The newest mend that was known when the pause before the next probe began: a newer one ends it. */
  @Column('timestamptz', { name: 'mended_at', nullable: true }) mendedAt!: Date | null;
  /** When the next probe is sent. */
  @Column('timestamptz', { name: 'probe_at' }) probeAt!: Date;
  /** Probes sent since the hold began. */
  @Column('integer', { default: 0 }) probes!: number;
  /** The merchant whose next deletion is the probe, and that deletion once it left its lane. */
  @Column('uuid', { name: 'probe_merchant_id', nullable: true }) probeMerchantId!: string | null;
  @Column('uuid', { name: 'probe_deletion_id', nullable: true }) probeDeletionId!: string | null;
}
