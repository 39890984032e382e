import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { prepared, recordset, statement } from '@app/database';
import { formOf, type Scope } from '@app/scope';
import { isOfPlatforms } from './known-gone.js';
import { targetKey, WHOLE_MESSAGE } from '../deletion/target.js';

/** A message of the inventory, as it is shown. */
export interface ShownMessage {
  merchantId: string;
  msgId: string;
  articles: readonly { articleIdx: number; url: string | null }[];
}

/** A deletion by which something is gone. */
export interface Gone {
  id: string;
  finishedAt: Date;
}

/** A deletion of the account that succeeded, and may concern a message. */
export interface Succeeded extends Gone {
  targetKey: string;
  /** After it WeChat said that the message is deleted. */
  isTold: boolean;
  /** It was asked for after the message went out. */
  isSince: boolean;
}

/** Of a message, by which deletion an article is gone, or all of it: WHOLE_MESSAGE. */
export type GoneBy = (articleIdx: number) => Gone | undefined;

/**
 * By which deletions messages are gone. A page of them has hundreds of targets: all that may concern these is read at
 * once and decided here, in a fraction of the time in which Postgres answers `goneBy` for each.
 */
@Injectable()
export class GoneMessages {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns for each of the messages, as far as the caller may know */
  async among(messages: readonly ShownMessage[], { platforms }: Scope): Promise<GoneBy[]> {
    if (messages.length === 0) return [];
    const { parameters, bind } = statement();
    const shown = messages.map((message, line) => {
      const { merchantId, msgId } = message;
      return { line, merchantId, msgId, keys: JSON.stringify(keysOf(message)) };
    });
    const targets = recordset(bind, 't', shown, { line: 'int', merchantId: 'uuid', msgId: 'bigint', keys: 'json' });
    const within = platforms === null ? 'TRUE' : isOfPlatforms(bind(platforms));
    const found = await prepared<Succeeded & { line: number; articleCount: number | null }>(
      this.dataSource.manager,
      `what concerns messages${formOf({ platforms, merchants: null })}`,
      succeededAmong(targets, within),
      parameters,
    );
    const concerning = messages.map((): typeof found => []);
    for (const one of found) concerning[one.line]?.push(one);
    return messages.map((message, line) => {
      const succeeded = concerning[line] ?? [];
      return goneOf(message, succeeded, succeeded[0]?.articleCount ?? null);
    });
  }
}

/**
 * The rule of `goneBy`, for a message with its articles.
 * @param succeeded the last to end come first
 * @param articleCount as WeChat told it
 */
export function goneOf(
  { msgId, articles }: ShownMessage,
  succeeded: readonly Succeeded[],
  articleCount: number | null,
): GoneBy {
  const placeOf = (articleIdx: number) => succeeded.findIndex((one) => one.targetKey === keyOf(msgId, articleIdx));
  const of = (articleIdx: number): Succeeded | undefined => succeeded[placeOf(articleIdx)];
  const allOfIt = of(WHOLE_MESSAGE) ?? succeeded.find(({ isTold }) => isTold);
  const byAddress = (url: string) => succeeded.find((one) => one.isSince && one.targetKey === targetKey({ url }));
  const gone = new Map<number, Gone | undefined>(
    articles.map(({ articleIdx, url }) => [
      articleIdx,
      of(articleIdx) ?? allOfIt ?? (url === null ? undefined : byAddress(url)),
    ]),
  );
  gone.set(WHOLE_MESSAGE, allOfIt ?? oneByOne());
  return (articleIdx) => gone.get(articleIdx);

  function oneByOne() {
    const places = Array.from({ length: articleCount ?? 0 }, (_, i) => placeOf(i + 1));
    return places.includes(-1) ? undefined : succeeded[Math.min(...places)];
  }
}

const keyOf = (msgId: string, articleIdx: number) => targetKey({ msgId: BigInt(msgId), articleIdx });

/** What deletions of the message may have been called for. */
const keysOf = ({ msgId, articles }: ShownMessage): string[] => [
  keyOf(msgId, WHOLE_MESSAGE),
  ...articles.map(({ articleIdx }) => keyOf(msgId, articleIdx)),
  ...articles.flatMap(({ url }) => (url === null ? [] : [targetKey({ url })])),
];

const SUCCEEDED = 'd.id, d.target_key, d.msg_id, d.proof, d.created_at, d.finished_at';

/**
 * SQL: the deletions that succeeded and may concern the messages `t`, also those that are kept no more, over whichever
 * platform of their accounts. OFFSET keeps Postgres from beginning with them: other accounts have messages of the same
 * number.
 * @param within SQL on the merchant `same`: whether the caller may know of its deletions
 */
const succeededAmong = (messages: string, within: string) => `
  SELECT t.line, account.article_count AS "articleCount", g.id, g.finished_at AS "finishedAt",
    g.target_key AS "targetKey", COALESCE(g.msg_id = t.msg_id AND g.proof = 'verified', FALSE) AS "isTold",
    COALESCE(g.created_at >= account.sent_at, FALSE) AS "isSince"
  FROM ${messages}
  CROSS JOIN LATERAL (
    SELECT array_agg(same.id) AS merchant_ids, max(mm.article_count) AS article_count,
      max(COALESCE(mm.finished_at, mm.created_at)) FILTER (WHERE same.id = t.merchant_id) AS sent_at
    FROM merchants mine JOIN merchants same ON same.authorizer_appid = mine.authorizer_appid AND ${within}
    LEFT JOIN mass_messages mm ON mm.merchant_id = same.id AND mm.msg_id = t.msg_id
    WHERE mine.id = t.merchant_id
  ) AS account
  CROSS JOIN LATERAL (${['deletions', 'gone_targets'].map(succeededIn).join(' UNION ALL ')} OFFSET 0) AS g
  ORDER BY t.line, g.finished_at DESC`;

/** @param table `deletions`, or what is kept for ever of those that succeeded */
const succeededIn = (table: string) => {
  const ofAccount = `${SUCCEEDED} FROM ${table} d WHERE d.merchant_id = ANY(account.merchant_ids)
    ${table === 'deletions' ? `AND d.state = 'succeeded'` : ''}`;
  return `
    SELECT ${ofAccount}
      AND d.target_key = ANY(ARRAY(
        SELECT json_array_elements_text(t.keys)
        UNION ALL SELECT 'msg:' || t.msg_id || ':' || nth FROM generate_series(1, account.article_count) AS nth))
    UNION ALL
    SELECT ${ofAccount} AND d.proof = 'verified' AND d.msg_id = t.msg_id`;
};
