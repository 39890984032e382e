import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { AWAITS_FACTS } from '../lanes/facts-wait.js';
import { WITH_HOLD } from '../lanes/hold-conditions.js';
import { LEADER_LOCK } from '../runs/dispatcher.js';
import type { EndState } from '../deletion/states.js';

/** Whether work is being handed out. Ages are in seconds. */
export interface Pulse {
  /** By the clock of the database. */
  now: Date;
  /** Of the lane that has been due longest, also where nobody has looked at it yet. 0: none is due. */
  oldestDueLaneS: number;
  /** How many workers hand deletions out: one, or none. */
  dispatchers: number;
  /** Since a worker last swept, and since the last moment that is tallied. Null before the first time. */
  sweptAgoS: number | null;
  talliedAgoS: number;
}

/**
 * What a lane with deletions waits for. `due`: the dispatcher. `pace`: the account's next slot. `later`: its first
 * deletion is not ready yet, or another lane of its account goes first.
 */
export const laneWaits = [
  'due',
  'platform',
  'facts',
  'rate_limit',
  'daily_quota',
  'merchant_admin',
  'token_conflict',
  'pace',
  'later',
] as const;
export type LaneWait = (typeof laneWaits)[number];

export interface EndedTotal {
  state: EndState;
  outcomeCode: string;
  count: number;
}

/** Of wakes, as many are looked at: they wait only while nobody dispatches, and the oldest come first. */
const WAKES_LOOKED_AT = 1_000;

/** Figures about the work of all processes, for metrics. */
@Injectable()
export class WorkFigures {
  constructor(private readonly dataSource: DataSource) {}

  /** Takes some look-ups, however much there is. */
  async pulse(): Promise<Pulse> {
    const [pulse] = await rows<Pulse>(
      this.dataSource,
      `SELECT now(), COALESCE(extract(epoch FROM now() - LEAST(
           (SELECT min(due_at) FROM merchant_pacing WHERE due_at <= now()),
           (SELECT min(ready_at) FROM (SELECT ready_at FROM lane_wakes ORDER BY id LIMIT $2) AS w
            WHERE ready_at <= now()))), 0)::float8 AS "oldestDueLaneS",
         (SELECT count(*)::int FROM pg_locks l
          WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1::oid AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS dispatchers,
         extract(epoch FROM now() - swept_at)::float8 AS "sweptAgoS",
         extract(epoch FROM now() - tallied_until)::float8 AS "talliedAgoS"
       FROM deletion_tally_marks`,
      [LEADER_LOCK, WAKES_LOOKED_AT],
    );
    if (!pulse) throw new Error('The tallies have lost their mark.');
    return pulse;
  }

  /** How many lanes with deletions wait, by what for. Reads all that are not empty: ask seldom. */
  async lanes(): Promise<Record<string, number>> {
    const found = await rows<{ wait: LaneWait; count: number }>(
      this.dataSource,
      `SELECT CASE WHEN p.due_at <= now() THEN 'due' WHEN h.platform_id IS NOT NULL THEN 'platform'
           WHEN ${AWAITS_FACTS} THEN 'facts' WHEN p.blocked_until > now() THEN p.blocked_for
           WHEN p.next_slot_at > now() THEN 'pace' ELSE 'later' END AS wait, count(*)::int AS count
       -- Each merchant is looked up, so that the few of busy lanes are never sought among all. OFFSET keeps it so.
       FROM merchant_pacing p CROSS JOIN LATERAL (SELECT * FROM merchants WHERE id = p.merchant_id OFFSET 0) AS m
         ${WITH_HOLD}
       WHERE p.due_at IS NOT NULL GROUP BY 1`,
    );
    return Object.fromEntries(found.map(({ wait, count }) => [wait, count]));
  }

  /** How many deletions ended how, as far as they are tallied: it never falls. */
  async ended(): Promise<EndedTotal[]> {
    return rows(
      this.dataSource,
      `SELECT state, outcome_code AS "outcomeCode", count::float8 AS count FROM deletion_totals`,
    );
  }
}
