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
  /** When it was last examined on request. */
  @Column('timestamptz', { name: 'examine_asked_at', nullable: true }) examineAskedAt!: Date | null;
  /** What merchants see on the authorization pages, and where these lead back to. */
  @Column('text', { name: 'provider_name', nullable: true }) providerName!: string | null;
  /** Read by its own request only: it is much larger than the rest. */
  @Column('bytea', { name: 'provider_logo', nullable: true, select: false }) providerLogo!: Buffer | null;
  @Column('text', { name: 'provider_logo_type', nullable: true }) providerLogoType!: string | null;
  /** What the `return_url` of a link may begin with, besides RETURN_ORIGINS. */
  @Column('text', { name: 'return_urls', array: true, default: '{}' }) returnUrls!: string[];
  /** Where the pages lead back to when the link says nothing, or there is none. */
  @Column('text', { name: 'return_url', nullable: true }) returnUrl!: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  /** When the provider last changed it: what it may have mended by that, deletions tries without waiting. */
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt!: Date;
}
