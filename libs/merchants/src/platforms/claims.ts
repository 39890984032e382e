import { rows, type Sql } from '@app/database';

/**
 * For what costs calls at WeChat, which gives a platform so many a day, and may be asked for once a minute.
 * @param column when it was last begun
 * @returns 0 when the platform is claimed for it, or else how many seconds are left of the minute
 */
export async function claimForAMinute(
  sql: Sql,
  platformId: string,
  column: 'reconcile_asked_at' | 'examine_asked_at',
): Promise<number> {
  const [claimed] = await rows<{ seconds: number }>(
    sql,
    `WITH claimed AS (
       UPDATE platforms SET ${column} = now()
       WHERE id = $1 AND (${column} IS NULL OR ${column} <= now() - interval '1 minute') RETURNING id
     )
     SELECT CASE WHEN EXISTS (SELECT 1 FROM claimed) THEN 0
       ELSE GREATEST(1, COALESCE(ceil(extract(epoch FROM ${column} + interval '1 minute' - now())), 60))
       END::int AS seconds
     FROM platforms WHERE id = $1`,
    [platformId],
  );
  return claimed?.seconds ?? 0;
}
