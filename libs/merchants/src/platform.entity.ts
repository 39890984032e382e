import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique, UpdateDateColumn } from 'typeorm';

/** One WeChat third-party platform (component) that this deployment serves. Its secrets are sealed. */
@Entity({ name: 'platforms' })
@Unique('platforms_component_appid_key', ['componentAppid'])
export class PlatformRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('text', { name: 'component_appid' }) componentAppid!: string;
  @Column('text', { name: 'app_secret_sealed' }) appSecretSealed!: string;
  @Column('text', { name: 'token_sealed' }) tokenSealed!: string;
  @Column('text', { name: 'encoding_aes_key_sealed' }) encodingAesKeySealed!: string;
  @Column('text', { name: 'previous_encoding_aes_key_sealed', nullable: true }) previousEncodingAesKeySealed!:
    string | null;
  @Column('text', { name: 'ticket_sealed', nullable: true }) ticketSealed!: string | null;
  /** WeChat's clock: the newest ticket wins by it. */
  @Column('timestamptz', { name: 'ticket_created_at', nullable: true }) ticketCreatedAt!: Date | null;
  /** Our clock: the age shown to operators. */
  @Column('timestamptz', { name: 'ticket_received_at', nullable: true }) ticketReceivedAt!: Date | null;
  /** Where verified pushes go as well, as registered: `$APPID$` stands for the authorizer's appid. */
  @Column('text', { name: 'forward_urls', array: true, default: '{}' }) forwardUrls!: string[];
  /** When api_start_push_ticket was last called because tickets stayed away. */
  @Column('timestamptz', { name: 'ticket_asked_at', nullable: true }) ticketAskedAt!: Date | null;
  /** When the list of authorizers was last compared with our merchants. */
  @Column('timestamptz', { name: 'reconciled_at', nullable: true }) reconciledAt!: Date | null;
  /** When that was last begun, whatever came of it. */
  @Column('timestamptz', { name: 'reconcile_asked_at', nullable: true }) reconcileAskedAt!: Date | null;
  /** While it is broken for every merchant, the next probe is sent then. Null: not held. */
  @Column('timestamptz', { name: 'held_until', nullable: true }) heldUntil!: Date | null;
  @Column('text', { name: 'held_reason', nullable: true }) heldReason!: string | null;
  @Column('integer', { name: 'held_errcode', nullable: true }) heldErrcode!: number | null;
  @Column('timestamptz', { name: 'held_since', nullable: true }) heldSince!: Date | null;
  /** Probes sent since. */
  @Column('integer', { name: 'hold_probes', default: 0 }) holdProbes!: number;
  /** The deletion that met the failure, and whether that was for want of a token. */
  @Column('uuid', { name: 'held_by_deletion_id', nullable: true }) heldByDeletionId!: string | null;
  @Column('boolean', { name: 'held_by_mint', default: false }) heldByMint!: boolean;
  /** Whose next deletion goes ahead to see whether the platform works again. */
  @Column('uuid', { name: 'probe_merchant_id', nullable: true }) probeMerchantId!: string | null;
  @Column('uuid', { name: 'probe_deletion_id', nullable: true }) probeDeletionId!: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt!: Date;
}
