import { Logger } from '@nestjs/common';
import pg from 'pg';
import { Batcher, type BatchWindow } from '@app/concurrency';

/** BullMQ's statement for a job that has ended: it marks the job, takes the next one and returns its row, if any. */
const END = 'move_to_completed_fetch';
/** Its parameters as this file knows them. The first two name the job. */
const PARAMETERS = [
  ['p_queue', 'text'],
  ['p_id', 'text'],
  ['p_token', 'text'],
  ['p_return_value', 'jsonb'],
  ['p_finished_on', 'bigint'],
  ['p_remove_all', 'boolean'],
  ['p_keep_age', 'bigint'],
  ['p_keep_count', 'integer'],
  ['p_lock_ms', 'bigint'],
  ['p_now', 'bigint'],
  ['p_name', 'text'],
  ['p_limiter_max', 'integer'],
  ['p_limiter_duration', 'bigint'],
] as const;
/** The parameters as Postgres writes them. */
const SIGNATURE = `(${PARAMETERS.map((parameter) => parameter.join(' ')).join(', ')}) SETOF job`;
/** The moment of the end, until which it lets waiting retries go. */
const NOW = PARAMETERS.findIndex(([name]) => name === 'p_now');
const NAMES = PARAMETERS.map(([name]) => name).join(', ');

/**
 * The jobs are locked first, without waiting: while this waited for one and held others, it could be in a circle
 * with BullMQ's look for stalled jobs, which changes all that are active. Those that were not free are not among the
 * rows.
 */
const END_TOGETHER = `WITH ended AS (
    SELECT * FROM unnest(${PARAMETERS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')})
      WITH ORDINALITY AS e (${NAMES}, ordinal)
  ), locked AS MATERIALIZED (
    SELECT e.ordinal FROM ended e JOIN job j ON j.queue = e.p_queue AND j.id = e.p_id
    ORDER BY e.ordinal FOR UPDATE OF j SKIP LOCKED
  )
  SELECT ended.ordinal::int, next.* FROM ended LEFT JOIN LATERAL ${END}(${NAMES}) AS next ON true
  WHERE ended.ordinal = ANY (ARRAY(SELECT ordinal FROM locked))`;

/** BullMQ holds as many jobs as there are call slots and some more, so ends can wait a little. */
const WINDOW: BatchWindow = { enoughItems: 16, longestMs: 10 };

interface EndedRow {
  ordinal: number;
  /** The row of the job that was taken; null if there was none. */
  id: string | null;
}
/** A pool's, in the one way that BullMQ calls it. */
export type Query = <Row>(text: string, values?: unknown[]) => Promise<{ rows: Row[] }>;

/**
 * Most of what a job costs Postgres, and of what Postgres costs a worker, is to be woken for it: jobs that end at
 * nearly the same time share a statement. One that BullMQ refuses, as it was taken for stalled, does not keep the
 * others from ending.
 *
 * This stands on a function that is BullMQ's own business. Where the database has another than this file knows, jobs
 * end one by one, as BullMQ has them end.
 */
export class EndingTogether {
  private readonly logger = new Logger(EndingTogether.name);
  private isOn = false;
  private readonly ends = new Batcher((jobs: unknown[][]) => this.endAll(jobs), isItemError, WINDOW);

  /** @param inner the pool's own */
  constructor(private readonly inner: Query) {}

  /** Begins if the database's function is the one that this file knows, and warns if it is not. */
  async begin(): Promise<void> {
    const { rows } = await this.inner<{ signature: string | null }>(
      `SELECT '(' || pg_get_function_arguments(f) || ') ' || pg_get_function_result(f) AS signature
       FROM to_regproc($1) f`,
      [END],
    );
    const signature = rows[0]?.signature;
    this.isOn = signature === SIGNATURE;
    if (!this.isOn) {
      this.logger.warn("jobs end one by one, which is slower: BullMQ's function is not the one that is known", {
        function: END,
        known: SIGNATURE,
        found: signature,
      });
    }
  }

  readonly query: Query = async <Row>(text: string, values?: unknown[]) => {
    const isEnd = text.includes(`${END}(`) && values?.length === PARAMETERS.length;
    const row = this.isOn && isEnd ? await this.ends.submit(values) : undefined;
    if (!row) return this.inner<Row>(text, values);
    // The function's own row, whose type is the caller's business.
    return { rows: row.id === null ? [] : [row as Row] };
  };

  /** @returns nothing for jobs that were locked by somebody else */
  private async endAll(jobs: unknown[][]): Promise<(EndedRow | undefined)[]> {
    // One moment for all: two such statements that let go of retries in turns would wait for each other.
    const now = Math.max(...jobs.map((values) => Number(values[NOW])));
    const columns = PARAMETERS.map((_parameter, index) => jobs.map((values) => (index === NOW ? now : values[index])));
    const { rows } = await this.inner<EndedRow>(END_TOGETHER, columns);
    const rowOf = new Map(rows.map((row) => [row.ordinal, row]));
    return jobs.map((_values, index) => rowOf.get(index + 1));
  }
}

/** BullMQ's own refusals, and deadlocks. */
const isItemError = (error: unknown) => error instanceof pg.DatabaseError && /^(BM|40)/.test(error.code ?? '');
