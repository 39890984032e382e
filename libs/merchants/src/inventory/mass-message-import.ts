import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { recordset, statement, type ColumnTypes } from '@app/database';
import { isEverything, type Scope } from '@app/scope';
import { readArticleLink } from '@app/wechat';

/** A mass message as somebody else's system knows it. Undefined: not told, so what is stored stays. */
export interface ImportedMessage {
  merchantId: string;
  msgId: bigint;
  label?: string | undefined;
  title?: string | undefined;
  sentAt?: Date | undefined;
  articles: ImportedArticle[];
}

export interface ImportedArticle {
  /** 1-based. */
  articleIdx: number;
  url?: string | undefined;
  title?: string | undefined;
}

/** Adds to the inventory what WeChat's pushes did not tell: messages from before, labels, titles. */
@Injectable()
export class MassMessageImport {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * What WeChat has told of a message stays; what it tells later is added, and takes no label or title away. While it
   * has told nothing, a new address replaces the old one. What keys with limits import is kept apart: whoever holds one
   * may be interested in a wrong message being deleted, so it changes nothing that others go by, and teaches no
   * `__biz`.
   * @param by what the key that imports is limited to
   */
  async add(messages: ImportedMessage[], by: Scope): Promise<void> {
    const merged = mergeSame(messages);
    if (merged.length === 0) return;
    await this.dataSource.transaction(async (tx) => {
      if (!isEverything(by)) return this.addLimited(tx, merged, by);
      await this.addMessages(tx, merged);
      await this.addArticles(tx, merged);
    });
  }

  private async addMessages(tx: EntityManager, messages: ImportedMessage[]): Promise<void> {
    const { parameters, bind } = statement();
    await tx.query(
      // A label that is not known to be from a key without limits is not kept beside one that is.
      `INSERT INTO mass_messages AS m (merchant_id, msg_id, status, label, title, finished_at, import_counts)
       SELECT merchant_id, msg_id, 'imported', label, title, sent_at, TRUE
       FROM ${recordset(bind, 'given', messages.map(messageRow), MESSAGE_COLUMNS)}
       ORDER BY merchant_id, msg_id
       ON CONFLICT (merchant_id, msg_id) DO UPDATE SET import_counts = TRUE,
         label = COALESCE(excluded.label, CASE WHEN m.import_counts THEN m.label END),
         title = COALESCE(excluded.title, m.title),
         finished_at = CASE WHEN m.status <> 'imported' THEN m.finished_at
           ELSE COALESCE(excluded.finished_at, CASE WHEN m.import_counts THEN m.finished_at END) END`,
      parameters,
    );
  }

  private async addArticles(tx: EntityManager, messages: ImportedMessage[]): Promise<void> {
    const articles = articlesOf(messages);
    if (articles.length === 0) return;
    const { parameters, bind } = statement();
    await tx.query(
      // An address and what was read from it are of one piece: half of an old one would name an article that is
      // neither.
      `INSERT INTO mass_message_articles AS a
         (merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, source)
       SELECT *, 'import' FROM ${recordset(bind, 'given', articles, ARTICLE_COLUMNS)}
       ON CONFLICT (merchant_id, msg_id, article_idx) DO UPDATE SET title = COALESCE(excluded.title, a.title),
         (url, mid, idx, sn, short_id, source) = (
           SELECT told.url, told.mid, told.idx, told.sn, told.short_id, told.source
           FROM (VALUES
               (TRUE, excluded.url, excluded.mid, excluded.idx, excluded.sn, excluded.short_id, excluded.source),
               (FALSE, a.url, a.mid, a.idx, a.sn, a.short_id, a.source)
             ) AS told (is_new, url, mid, idx, sn, short_id, source)
           WHERE told.is_new = (a.source IS NULL
             OR excluded.url IS NOT NULL AND (a.url IS NULL OR a.source = 'import' AND EXISTS (
               SELECT 1 FROM mass_messages m
               WHERE m.merchant_id = a.merchant_id AND m.msg_id = a.msg_id AND m.status = 'imported'))))`,
      parameters,
    );
    await this.learnBiz(tx, articles);
  }

  private async addLimited(tx: EntityManager, messages: ImportedMessage[], by: Scope): Promise<void> {
    const limits = { platforms: by.platforms?.toSorted() ?? null, merchants: by.merchants?.toSorted() ?? null };
    const id = hash('sha256', JSON.stringify([limits.platforms, limits.merchants]), 'base64url');
    await tx.query(
      `INSERT INTO import_limits (id, platforms, merchants) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
      [id, limits.platforms, limits.merchants],
    );
    const { parameters, bind } = statement(id);
    await tx.query(
      `INSERT INTO limited_imports AS i (merchant_id, msg_id, label, title, sent_at, limits_id)
       SELECT *, $1 FROM ${recordset(bind, 'given', messages.map(messageRow), MESSAGE_COLUMNS)}
       ORDER BY merchant_id, msg_id
       ON CONFLICT (merchant_id, msg_id, limits_id) DO UPDATE SET label = COALESCE(excluded.label, i.label),
         title = COALESCE(excluded.title, i.title), sent_at = COALESCE(excluded.sent_at, i.sent_at)`,
      parameters,
    );
    await this.addLimitedArticles(tx, articlesOf(messages), id);
  }

  private async addLimitedArticles(tx: EntityManager, articles: ArticleRow[], limitsId: string): Promise<void> {
    if (articles.length === 0) return;
    const { parameters, bind } = statement(limitsId);
    await tx.query(
      `INSERT INTO limited_import_articles AS a
         (merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, limits_id)
       SELECT *, $1 FROM ${recordset(bind, 'given', articles, ARTICLE_COLUMNS)}
       ON CONFLICT (merchant_id, msg_id, limits_id, article_idx) DO UPDATE SET
         title = COALESCE(excluded.title, a.title),
         (url, mid, idx, sn, short_id) = (
           SELECT told.url, told.mid, told.idx, told.sn, told.short_id
           FROM (VALUES (TRUE, excluded.url, excluded.mid, excluded.idx, excluded.sn, excluded.short_id),
                        (FALSE, a.url, a.mid, a.idx, a.sn, a.short_id)
             ) AS told (is_new, url, mid, idx, sn, short_id)
           WHERE told.is_new = (excluded.url IS NOT NULL))`,
      parameters,
    );
  }

  /** Whose addresses these are; what WeChat's own pushes taught, or an import before, is not overwritten. */
  private async learnBiz(tx: EntityManager, articles: ArticleRow[]): Promise<void> {
    const bizOf = new Map(articles.flatMap(({ merchantId, biz }) => (biz === undefined ? [] : [[merchantId, biz]])));
    const given = [...bizOf].map(([id, biz]) => ({ id, biz }));
    const { parameters, bind } = statement();
    await tx.query(
      `UPDATE merchants m SET biz = given.biz, biz_source = 'import'
       FROM ${recordset(bind, 'given', given, { id: 'uuid', biz: 'text' })}
       WHERE m.id = given.id AND m.biz_source IS NULL`,
      parameters,
    );
  }
}

const messageRow = ({ msgId, ...message }: ImportedMessage) => ({ ...message, msgId: String(msgId) });

/** In the order in which the statements list their columns. */
const MESSAGE_COLUMNS: ColumnTypes<ReturnType<typeof messageRow>> = {
  merchantId: 'uuid',
  msgId: 'bigint',
  label: 'text',
  title: 'text',
  sentAt: 'timestamptz',
};

interface ArticleRow extends ImportedArticle {
  merchantId: string;
  msgId: string;
  mid?: string | undefined;
  idx?: number | undefined;
  sn?: string | undefined;
  shortId?: string | undefined;
  biz?: string | undefined;
}

/** In the order in which the statements list their columns. */
const ARTICLE_COLUMNS: ColumnTypes<ArticleRow> = {
  merchantId: 'uuid',
  msgId: 'bigint',
  articleIdx: 'int',
  url: 'text',
  title: 'text',
  mid: 'text',
  idx: 'int',
  sn: 'text',
  shortId: 'text',
};

const articlesOf = (messages: ImportedMessage[]): ArticleRow[] =>
  messages.flatMap(({ merchantId, msgId, articles }) =>
    articles.map((article) => {
      const { address, shortId } = readArticleLink(article.url ?? '') ?? {};
      return { ...article, merchantId, msgId: String(msgId), ...address, shortId };
    }),
  );

/** An upsert takes each row once: of a message that comes twice, what is told later counts. */
function mergeSame(messages: ImportedMessage[]): ImportedMessage[] {
  const merged = new Map<string, ImportedMessage>();
  for (const message of messages) {
    const key = `${message.merchantId}/${message.msgId}`;
    const before = merged.get(key);
    const articles = new Map<number, ImportedArticle>();
    for (const { articleIdx, url, title } of [...(before?.articles ?? []), ...message.articles]) {
      const known = articles.get(articleIdx);
      articles.set(articleIdx, { articleIdx, url: url ?? known?.url, title: title ?? known?.title });
    }
    merged.set(key, {
      ...message,
      label: message.label ?? before?.label,
      title: message.title ?? before?.title,
      sentAt: message.sentAt ?? before?.sentAt,
      articles: [...articles.values()],
    });
  }
  return [...merged.values()];
}
