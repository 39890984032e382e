import type { Sql } from '@app/database';

/** SQL over a deletion `d`: the key that wants it. A deletion that was handed over to a takedown is the takedown's. */
export const OWNER = `COALESCE(
  (SELECT t.requested_by FROM takedowns t WHERE t.id = d.takedown_id), d.requested_by)`;

/** Notes that a key wants an open deletion, too, where the key that owns it could otherwise undo it for the other. */
export async function noteWish(sql: Sql, id: string, requestedBy: string): Promise<void> {
  await sql.query(
    `UPDATE deletions d SET also_requested_by = array_append(d.also_requested_by, $2::uuid)
     FROM api_keys own WHERE d.id = $1 AND d.finished_at IS NULL AND own.id = ${OWNER}
       AND NOT asked_within($2::uuid, own.platforms, own.merchants) AND $2::uuid <> ALL(d.also_requested_by)`,
    [id, requestedBy],
  );
}
