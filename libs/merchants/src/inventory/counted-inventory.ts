import type { Bind } from '@app/database';
import { isEverything, type Scope } from '@app/scope';
import type { Source } from '../merchants/merchant.entity.js';

/** Who told of an article's address. */
export type ArticleSource = Source | 'limited_import';

/**
 * What of the inventory counts for a caller, as SQL relations: what WeChat told, what keys without limits imported, and
 * what keys with limits imported within which the caller is. Whatever decides on a call goes by these and not by the
 * tables: a key with limits may be in a hostile tenant's hands.
 */
export interface CountedInventory {
  /** merchant_id, msg_id, status, article_count. */
  messages: string;
  /** merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, source. */
  articles: string;
  /** merchant_id, msg_id, label, is_limited. A message may have several. */
  labels: string;
  /** merchant_id, msg_id, title, sent_at: as keys with limits imported it. */
  limited: string;
  /** id: of the limits within which the caller is, as far as something was imported with them. */
  limits: string;
}

export function countedInventory(scope: Scope, bind: Bind): CountedInventory {
  const messages = `SELECT merchant_id, msg_id, status, article_count FROM mass_messages
    WHERE status <> 'imported' OR import_counts`;
  const articles = `SELECT merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, source
    FROM mass_message_articles WHERE source IS NOT NULL`;
  const labels = `SELECT merchant_id, msg_id, label, FALSE AS is_limited FROM mass_messages WHERE import_counts`;
  const limited = (condition: string) =>
    `(SELECT merchant_id, msg_id, title, sent_at FROM limited_imports WHERE ${condition})`;
  if (isEverything(scope)) {
    return {
      messages: `(${messages})`,
      articles: `(${articles})`,
      labels: `(${labels})`,
      limited: limited('FALSE'),
      limits: '(SELECT id FROM import_limits WHERE FALSE)',
    };
  }
  // By one merchant the index finds few limits, and these are compared. By hundreds Postgres would rather read all.
  const one = `${bind(scope.merchants?.slice(0, 1))}::text[]`;
  const limits = `(SELECT id FROM import_limits l WHERE
    (l.platforms IS NULL OR ${bind(scope.platforms)}::text[] <@ l.platforms) AND (l.merchants IS NULL
      OR ${one} <@ l.merchants AND ${bind(scope.merchants)}::text[] <@ (l.merchants || '{}')))`;
  const isCounted = `limits_id = ANY(ARRAY${limits})`;
  // Of a message, and of an article's address, what is known otherwise goes before them. OFFSET has it looked up for each:
  // of few, Postgres would now and then compare them with all that there are.
  return {
    messages: `(${messages} UNION ALL
      SELECT i.merchant_id, i.msg_id, 'imported', NULL FROM limited_imports i WHERE ${isCounted} AND NOT EXISTS (
        SELECT 1 FROM mass_messages k WHERE k.merchant_id = i.merchant_id AND k.msg_id = i.msg_id
          AND (k.status <> 'imported' OR k.import_counts) OFFSET 0))`,
    articles: `(${articles} UNION ALL
      SELECT i.merchant_id, i.msg_id, i.article_idx, i.url, i.title, i.mid, i.idx, i.sn, i.short_id, 'limited_import'
      FROM limited_import_articles i WHERE ${isCounted} AND NOT EXISTS (
        SELECT 1 FROM mass_message_articles k WHERE k.merchant_id = i.merchant_id AND k.msg_id = i.msg_id
          AND k.article_idx = i.article_idx AND k.source IS NOT NULL AND k.url IS NOT NULL OFFSET 0))`,
    labels: `(${labels} UNION ALL SELECT merchant_id, msg_id, label, TRUE FROM limited_imports WHERE ${isCounted})`,
    limited: limited(isCounted),
    limits,
  };
}
