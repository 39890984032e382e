import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows, statement, type Bind } from '@app/database';
import { isMerchantOf, onPlatformsOf } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { isEndedListed, SETTLED_AFTER_MS } from '../deletion/conditions.js';
import {
  HOURS_KEPT_MS,
  SPAN_STEP_MS,
  STEP_MS,
  STEPS_KEPT_MS,
  TALLIED_MS,
  type EndedCount,
  type Span,
} from './spans.js';

/** So much of what was not tallied yet goes into one transaction, which is all that a sweep does. */
const AT_A_TIME_MS = 24 * 60 * 60_000;

/** All steps begin at whole ones from here, days at midnight in Shanghai. */
const ORIGIN = `timestamptz '2000-01-01 00:00+08'`;

/** SQL: the step in which a moment lies. @param stepMs SQL */
const stepOf = (moment: string, stepMs: string) => `date_bin(${stepMs} * interval '1 ms', ${moment}, ${ORIGIN})`;

/** SQL over a deletion `d` that has ended. */
const OUTCOME = `COALESCE(d.outcome_code, d.state)`;

/**
 * Counts how deletions end. Ten million rows are not read for a chart: a sweep tallies each step of five minutes once
 * it is over, merges those of hours ago into hours and these into days, as charts show them, and only what came after
 * the last step is counted from the deletions themselves. An end counts when it comes: a deletion that failed, was
 * retried and succeeded is in the tallies with both.
 */
@Injectable()
export class DeletionTallies {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Tallies what is over, and forgets what is older than the longest span. Whoever comes second leaves it. What is
   * missing of many days takes many sweeps, so that no shutdown waits for all of it.
   */
  async keep(): Promise<void> {
    await this.dataSource.query(`UPDATE deletion_tally_marks SET swept_at = now()`);
    await this.tally();
    await this.dataSource.query(
      `DELETE FROM deletion_tallies WHERE at < now() - ${TALLIED_MS} * interval '1 ms' - interval '1 day'`,
    );
  }

  /** When a worker last swept, and the time now, by the same clock. Null before the first sweep. */
  async lastSweep(): Promise<{ sweptAt: Date | null; now: Date }> {
    const [mark] = await rows<{ sweptAt: Date | null; now: Date }>(
      this.dataSource,
      `SELECT swept_at AS "sweptAt", now() FROM deletion_tally_marks`,
    );
    if (!mark) throw new Error('The tallies have lost their mark.');
    return mark;
  }

  /** How deletions within the scope ended, by the steps of a span. */
  async ended(scope: Scope, { from, stepMs }: Span): Promise<EndedCount[]> {
    const { parameters, bind } = statement(from, stepMs);
    const counted = async (since: string) => `SELECT d.finished_at, d.state, ${OUTCOME}, 1
      FROM deletions d ${await this.joined(scope, bind)} WHERE ${isEndedListed('d')} AND d.finished_at >= ${since}`;
    // Tallies do not tell merchants apart; of some merchants, the deletions that ended are found by an index.
    const ends =
      scope.merchants === null
        ? `SELECT t.at, t.state, t.outcome_code, t.count FROM deletion_tallies t
           WHERE t.at >= $1 AND ${await onPlatformsOf(scope, 't.platform_id', bind, this.dataSource)}
           UNION ALL
           ${await counted(`GREATEST($1, (SELECT tallied_until FROM deletion_tally_marks))`)}`
        : await counted('$1');
    return rows(
      this.dataSource,
      `SELECT ${stepOf('ended.at', '$2::float8')} AS at, state, outcome AS "outcomeCode", sum(count)::int AS count
       FROM (${ends}) AS ended (at, state, outcome, count) GROUP BY 1, 2, 3`,
      parameters,
    );
  }

  /** SQL: only deletions `d` of merchants within the scope. */
  private async joined(scope: Scope, bind: Bind): Promise<string> {
    if (isEverything(scope)) return '';
    const isTheirs = await isMerchantOf(scope, 'm', bind, this.dataSource);
    if (scope.merchants) return `JOIN merchants m ON m.id = d.merchant_id AND ${isTheirs}`;
    // OFFSET has each merchant looked up: for the few ends of some minutes, Postgres would read all of a platform.
    return `JOIN LATERAL (SELECT * FROM merchants WHERE id = d.merchant_id OFFSET 0) AS m ON ${isTheirs}`;
  }

  private async tally(): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [mark] = await rows<{ from: Date; until: Date }>(
        tx,
        `SELECT tallied_until AS "from", LEAST(tallied_until + $1 * interval '1 ms',
           ${stepOf(`now() - $2 * interval '1 ms'`, String(STEP_MS))}) AS until
         FROM deletion_tally_marks FOR UPDATE SKIP LOCKED`,
        [AT_A_TIME_MS, SETTLED_AFTER_MS],
      );
      if (!mark || mark.until <= mark.from) return;
      await tx.query(
        `WITH tallied AS (
           INSERT INTO deletion_tallies (at, platform_id, state, outcome_code, count)
           SELECT ${stepOf('d.finished_at', String(STEP_MS))}, m.platform_id, d.state, ${OUTCOME}, count(*)
           FROM deletions d JOIN merchants m ON m.id = d.merchant_id
           WHERE ${isEndedListed('d')} AND d.finished_at >= $1 AND d.finished_at < $2 GROUP BY 1, 2, 3, 4
           RETURNING state, outcome_code, count
         )
         INSERT INTO deletion_totals AS t (state, outcome_code, count)
         SELECT state, outcome_code, sum(count) FROM tallied GROUP BY 1, 2
         ON CONFLICT (state, outcome_code) DO UPDATE SET count = t.count + excluded.count`,
        [mark.from, mark.until],
      );
      await tx.query(`UPDATE deletion_tally_marks SET tallied_until = $1`, [mark.until]);
      await this.merge(tx);
    });
  }

  /** No chart shows five minutes of what was hours ago, or hours of what was days ago: each merges into one step. */
  private async merge(tx: EntityManager): Promise<void> {
    const [hours, days] = [String(SPAN_STEP_MS.day), String(SPAN_STEP_MS.month)];
    // Whole hours: each is merged as one.
    const ago = (ms: number) => stepOf(`now() - ${ms} * interval '1 ms'`, hours);
    const step = `CASE WHEN at < ${ago(HOURS_KEPT_MS)} THEN ${stepOf('at', days)} ELSE ${stepOf('at', hours)} END`;
    await tx.query(
      `WITH merged AS (
         DELETE FROM deletion_tallies WHERE at < ${ago(STEPS_KEPT_MS)} AND at > ${step}
         RETURNING ${step} AS step, platform_id, state, outcome_code, count
       )
       INSERT INTO deletion_tallies AS t (at, platform_id, state, outcome_code, count)
       SELECT step, platform_id, state, outcome_code, sum(count) FROM merged GROUP BY 1, 2, 3, 4
       ON CONFLICT (at, platform_id, state, outcome_code) DO UPDATE SET count = t.count + excluded.count`,
    );
  }
}
