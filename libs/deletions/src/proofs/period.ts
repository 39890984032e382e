import { microsOf, momentOf, rows, statement, type Sql } from '@app/database';
import { fewMerchants, isMerchantOf } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { isEndedListed, SETTLED_AFTER_MS } from '../deletion/conditions.js';
import { endStates } from '../deletion/states.js';

/** A span of time: what ended at `from` is in it, what ended at `to` is not. */
export interface Period {
  from: Date;
  to: Date;
}

/** An interval as ISO 8601 writes it. */
export const periodName = ({ from, to }: Period): string => `${from.toISOString()}/${to.toISOString()}`;

/** Deletions of a page. */
export const PAGE = 500;
/** Before all ids. */
export const FIRST = '00000000-0000-0000-0000-000000000000';

/**
 * The moment before which nothing can end any more. An end has the time at which its transaction began, so what is still open
 * may bring ends as old as the oldest transaction. Of another server's clock, which may have taken over, only a margin helps.
 */
export async function settledUntil(sql: Sql, marginMs = SETTLED_AFTER_MS): Promise<Date> {
  const [settled] = await rows<{ until: Date }>(
    sql,
    `SELECT LEAST(now() - $1 * interval '1 ms', min(xact_start)) AS until FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    [marginMs],
  );
  if (!settled) throw new Error('Postgres has not said which transactions are open.');
  return settled.until;
}

/** The moment from which on no deletion that ended has been pruned; undefined where none was. */
export async function keptSince(sql: Sql): Promise<Date | undefined> {
  const [mark] = await rows<{ since: Date | null }>(
    sql,
    `SELECT date_trunc('milliseconds', pruned_until) + interval '1 ms' AS since FROM deletion_tally_marks`,
  );
  return mark?.since ?? undefined;
}

/** The ids of what ended in a period, page by page, in the order of the ends; of few merchants, of one after the other. */
export async function* endedIn(sql: Sql, scope: Scope, period: Period): AsyncGenerator<string[]> {
  const merchants = await fewMerchants(sql, scope);
  for (const id of merchants ?? [undefined]) yield* walk(sql, scope, period, id);
}

/** Each statement reads a page along an index, however few of it are within the scope. */
async function* walk(sql: Sql, scope: Scope, { from, to }: Period, merchantId?: string): AsyncGenerator<string[]> {
  let after = { micros: `${from.getTime()}000`, id: FIRST };
  for (;;) {
    const { parameters, bind } = statement();
    const place = `${momentOf(bind(after.micros))}, ${bind(after.id)}::uuid`;
    const until = bind(to);
    const ended = (which: string, order: string) => `(SELECT d.id, d.merchant_id, d.finished_at FROM deletions d
      WHERE ${which} ORDER BY ${order} LIMIT ${PAGE})`;
    const ofMerchant = () =>
      ended(
        `d.merchant_id = ${bind(merchantId)} AND d.finished_at IS NOT NULL AND (d.finished_at, d.id) > (${place})
           AND d.finished_at < ${until}`,
        'd.finished_at, d.id',
      );
    // As their index has them, and no other: among the ends of all, one state may be rare.
    const inState = (state: string) =>
      ended(
        `${isEndedListed('d')} AND (d.state, d.finished_at, d.id) > ('${state}', ${place})
           AND (d.state, d.finished_at) < ('${state}', ${until}::timestamptz)`,
        'd.state, d.finished_at, d.id',
      );
    const parts = merchantId ? [ofMerchant()] : endStates.map(inState);
    const isWithin = merchantId || isEverything(scope) ? 'TRUE' : await isMerchantOf(scope, 'm', bind, sql);
    const page = await rows<typeof after & { isWithin: boolean }>(
      sql,
      `SELECT page.id, ${microsOf('page.finished_at')} AS micros,
         (SELECT ${isWithin} FROM merchants m WHERE m.id = page.merchant_id) AS "isWithin"
       FROM (SELECT * FROM (${parts.join(' UNION ALL ')}) AS ended ORDER BY finished_at, id LIMIT ${PAGE}) AS page
       ORDER BY page.finished_at, page.id`,
      parameters,
    );
    yield page.filter((one) => one.isWithin).map(({ id }) => id);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last;
  }
}
