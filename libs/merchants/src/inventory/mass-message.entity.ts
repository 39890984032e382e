import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Merchant, type Source } from '../merchants/merchant.entity.js';

/**
 * What a merchant has sent, as WeChat's MASSSENDJOBFINISH told it, or a key without limits that imported it. What keys
 * with limits import stands in limited_imports, where it touches nothing of this.
 */
@Entity({ name: 'mass_messages' })
@Index('mass_messages_page_idx', ['msgId', 'merchantId'])
@Index('mass_messages_sent_idx', ['finishedAt', 'msgId', 'merchantId'])
@Index('mass_messages_merchant_sent_idx', ['merchantId', 'finishedAt', 'msgId'])
@Index('mass_messages_label_page_idx', ['label', 'msgId', 'merchantId'], { where: 'label IS NOT NULL' })
@Index('mass_messages_label_idx', ['label', 'merchantId', 'msgId'], { where: 'label IS NOT NULL' })
// On an expression: the pairs of characters of title and label.
@Index('mass_messages_words_idx', { synchronize: false })
export class MassMessage {
  @ForeignKey(() => Merchant, { name: 'mass_messages_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id' })
  merchantId!: string;
  /** Decimal digits. */
  @PrimaryColumn('bigint', { name: 'msg_id' }) msgId!: string;
  /** Raw: `send success`, `send fail` or `err(N)`; `imported` while only an import has told of it. */
  @Column('text') status!: string;
  @Column('integer', { name: 'status_code', nullable: true }) statusCode!: number | null;
  @Column('integer', { name: 'total_count', nullable: true }) totalCount!: number | null;
  @Column('integer', { name: 'filter_count', nullable: true }) filterCount!: number | null;
  @Column('integer', { name: 'sent_count', nullable: true }) sentCount!: number | null;
  @Column('integer', { name: 'error_count', nullable: true }) errorCount!: number | null;
  /** Null unless WeChat has told of every one, or of their number. */
  @Column('integer', { name: 'article_count', nullable: true }) articleCount!: number | null;
  /** WeChat's clock, or what the import said. */
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
  /** The provider's own name for a campaign or the like, which takedowns select by. */
  @Column('text', { nullable: true }) label!: string | null;
  @Column('text', { nullable: true }) title!: string | null;
  /**
   * Whether a key without limits has imported it: `label` counts only then, and an `imported` one is known only then.
   * False also in rows from before this was written down, which may be anybody's.
   */
  @Column('boolean', { name: 'import_counts', default: false }) importCounts!: boolean;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** One article of a mass message, by the address that fans see. */
@Entity({ name: 'mass_message_articles' })
@Check('mass_message_articles_source_check', `source IN ('wechat', 'import')`)
@ForeignKey(() => MassMessage, ['merchantId', 'msgId'], ['merchantId', 'msgId'], {
  name: 'mass_message_articles_message_fkey',
})
@Index('mass_message_articles_material_idx', ['merchantId', 'mid', 'idx'])
@Index('mass_message_articles_address_idx', ['mid', 'idx', 'sn'])
@Index('mass_message_articles_short_idx', ['shortId'], { where: 'short_id IS NOT NULL' })
// On an expression: the pairs of characters of the title.
@Index('mass_message_articles_words_idx', { synchronize: false })
export class MassMessageArticle {
  @PrimaryColumn('uuid', { name: 'merchant_id' }) merchantId!: string;
  @PrimaryColumn('bigint', { name: 'msg_id' }) msgId!: string;
  @PrimaryColumn('integer', { name: 'article_idx' }) articleIdx!: number;
  @Column('text', { nullable: true }) url!: string | null;
  /** Names the material, with `idx`: null where the address is a short one. */
  @Column('text', { nullable: true }) mid!: string | null;
  @Column('integer', { nullable: true }) idx!: number | null;
  @Column('text', { nullable: true }) sn!: string | null;
  /** The name in a short address. */
  @Column('text', { name: 'short_id', nullable: true }) shortId!: string | null;
  @Column('text', { nullable: true }) title!: string | null;
  /**
   * Who told of `url`; an import is by a key without limits. Null, from before this was written down: anybody, so it
   * counts for nobody.
   */
  @Column('text', { nullable: true }) source!: Source | null;
}
