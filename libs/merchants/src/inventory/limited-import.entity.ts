import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant } from '../merchants/merchant.entity.js';

/**
 * Limits that a key had when it imported. What it imported keeps them, whatever becomes of the key: keys with the same
 * limits speak with one voice.
 */
@Entity({ name: 'import_limits' })
@Index('import_limits_merchants_idx', ['merchants'], { type: 'gin' })
@Index('import_limits_platforms_idx', ['id'], { where: 'merchants IS NULL' })
export class ImportLimits {
  /** Made of the limits. */
  @PrimaryColumn('text') id!: string;
  /** component_appids; null: no limit. */
  @Column('text', { array: true, nullable: true }) platforms!: string[] | null;
  /** authorizer_appids; null: no limit. */
  @Column('text', { array: true, nullable: true }) merchants!: string[] | null;
}

/**
 * What a key with limits imported of a message. It counts for keys within these limits only: it may be in a tenant's
 * hands.
 */
@Entity({ name: 'limited_imports' })
@Index('limited_imports_label_idx', ['label', 'merchantId', 'msgId'], { where: 'label IS NOT NULL' })
@Index('limited_imports_label_page_idx', ['limitsId', 'label', 'msgId', 'merchantId'], { where: 'label IS NOT NULL' })
@Index('limited_imports_sent_idx', ['limitsId', 'sentAt', 'msgId', 'merchantId'])
@Index('limited_imports_merchant_sent_idx', ['merchantId', 'sentAt', 'msgId'])
@Index('limited_imports_limits_idx', ['limitsId', 'msgId', 'merchantId'])
export class LimitedImport {
  @ForeignKey(() => Merchant, { name: 'limited_imports_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** Decimal digits. */
  @PrimaryColumn('bigint', { name: 'msg_id' }) msgId!: string;
  @ForeignKey(() => ImportLimits, { name: 'limited_imports_limits_id_fkey' })
  @PrimaryColumn('text', { name: 'limits_id' })
  limitsId!: string;
  @Column('text', { nullable: true }) label!: string | null;
  @Column('text', { nullable: true }) title!: string | null;
  @Column('timestamptz', { name: 'sent_at', nullable: true }) sentAt!: Date | null;
}

/** The same of an article, with the columns of mass_message_articles. */
@Entity({ name: 'limited_import_articles' })
@ForeignKey(() => LimitedImport, ['merchantId', 'msgId', 'limitsId'], ['merchantId', 'msgId', 'limitsId'], {
  name: 'limited_import_articles_import_fkey',
})
@Index('limited_import_articles_material_idx', ['merchantId', 'mid', 'idx'])
@Index('limited_import_articles_address_idx', ['mid', 'idx', 'sn'])
@Index('limited_import_articles_short_idx', ['shortId'], { where: 'short_id IS NOT NULL' })
export class LimitedImportArticle {
  @PrimaryColumn('uuid', { name: 'merchant_id' }) merchantId!: string;
  @PrimaryColumn('bigint', { name: 'msg_id' }) msgId!: string;
  @PrimaryColumn('text', { name: 'limits_id' }) limitsId!: string;
  @PrimaryColumn('integer', { name: 'article_idx' }) articleIdx!: number;
  @Column('text', { nullable: true }) url!: string | null;
  @Column('text', { nullable: true }) mid!: string | null;
  @Column('integer', { nullable: true }) idx!: number | null;
  @Column('text', { nullable: true }) sn!: string | null;
  @Column('text', { name: 'short_id', nullable: true }) shortId!: string | null;
  @Column('text', { nullable: true }) title!: string | null;
}
