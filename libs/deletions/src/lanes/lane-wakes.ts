import type { Sql } from '@app/database';

/**
 * SQL that wakes lanes: the dispatcher's next look sets them due. A wake locks no lane, so many clients may post for
 * one merchant at once.
 * @param select SQL: a query of merchants' ids and of the moments from when their lanes are to be looked at
 */
export const insertWakes = (select: string): string => `INSERT INTO lane_wakes (merchant_id, ready_at) ${select}`;

/** Deletions came into these merchants' lanes: the dispatcher shall look when they are ready. */
export async function wakeLanes(sql: Sql, merchantIds: string[], readyAt: Date): Promise<void> {
  await sql.query(insertWakes(`SELECT DISTINCT unnest($1::uuid[]), $2::timestamptz`), [merchantIds, readyAt]);
}

/** Something that the merchant's deletions wait for has changed: its lane, if not empty, shall be looked at now. */
export async function wakeWaiting(sql: Sql, merchantId: string): Promise<void> {
  await sql.query(
    insertWakes(`SELECT merchant_id, now() FROM merchant_pacing WHERE merchant_id = $1 AND due_at IS NOT NULL`),
    [merchantId],
  );
}

/** The platform is held no more: its lanes wait for the end that was foreseen, and shall be looked at now. */
export async function wakePlatform(sql: Sql, platformId: string): Promise<void> {
  await sql.query(
    insertWakes(
      `SELECT p.merchant_id, now() FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
       WHERE m.platform_id = $1 AND p.due_at IS NOT NULL`,
    ),
    [platformId],
  );
}

/**
 * The ledgers of these merchants may have calls left again: the other lanes of their accounts, as far as the quota shut
 * them, shall be looked at now.
 */
export async function wakeSiblings(sql: Sql, merchantIds: string[]): Promise<void> {
  await sql.query(
    insertWakes(
      `SELECT DISTINCT p.merchant_id, now()
       FROM merchants m JOIN merchants s ON s.authorizer_appid = m.authorizer_appid AND s.id <> m.id
         JOIN merchant_pacing p ON p.merchant_id = s.id
       WHERE m.id = ANY($1) AND p.due_at IS NOT NULL AND p.blocked_for = 'daily_quota'`,
    ),
    [merchantIds],
  );
}
