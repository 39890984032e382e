import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, statement } from '@app/database';
import { isMerchantOf, onPlatformsOf } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { isEndedListed, SETTLED_AFTER_MS } from '../deletion/conditions.js';
import { STEP_MS, TALLIED_MS, type EndedCount, type Span } from './spans.js';

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
 * it is over, and only what came after that is counted from the deletions themselves. An end counts when it comes: a
 * deletion that failed, was retried and succeeded is in the tallies with both.
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
    const join = isEverything(scope)
      ? ''
      : `JOIN merchants m ON m.id = d.merchant_id AND ${await isMerchantOf(scope, 'm', bind, this.dataSource)}`;
    const counted = (since: string) => `SELECT d.finished_at, d.state, ${OUTCOME}, 1 FROM deletions d ${join}
      WHERE ${isEndedListed('d')} AND d.finished_at >= ${since}`;
    // Tallies do not tell merchants apart; of some merchants, the deletions that ended are found by an index.
    const ends =
      scope.merchants === null
        ? `SELECT t.at, t.state, t.outcome_code, t.count FROM deletion_tallies t
           WHERE t.at >= $1 AND ${await onPlatformsOf(scope, 't.platform_id', bind, this.dataSource)}
           UNION ALL
           ${counted(`GREATEST($1, (SELECT tallied_until FROM deletion_tally_marks))`)}`
        : counted('$1');
    return rows(
      this.dataSource,
      `SELECT ${stepOf('ended.at', '$2::float8')} AS at, state, outcome AS "outcomeCode", sum(count)::int AS count
       FROM (${ends}) AS ended (at, state, outcome, count) GROUP BY 1, 2, 3`,
      parameters,
    );
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
    });
  }
}
