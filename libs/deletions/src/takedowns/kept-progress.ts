import { rows, type Sql } from '@app/database';
import type { DeletionCounts } from '../deletion/states.js';
import { SEEN_TAKEDOWN_STATE } from './takedown-states.js';

export interface TakedownProgress {
  /** Its deletions by state. */
  counts: DeletionCounts;
  /** When the last of them leaves its lane. Null when one never does. */
  eta: Date | null;
}

/** The progress of a takedown as somebody found it out, which took `tookMs` and is `ageMs` ago. */
export interface KeptProgress extends TakedownProgress {
  tookMs: number;
  ageMs: number;
}

/** A takedown under way, in the state in which it is seen: a progress of another state says nothing of this one. */
export interface Seen {
  id: string;
  state: string;
}

export async function readProgress(sql: Sql, { id, state }: Seen): Promise<KeptProgress | undefined> {
  const [kept] = await rows<KeptProgress>(
    sql,
    `SELECT k.counts, k.eta, k.took_ms AS "tookMs", (extract(epoch FROM now() - k.found_at) * 1000)::float8 AS "ageMs"
     FROM takedowns t, jsonb_to_record(t.progress)
       AS k (state text, counts jsonb, eta timestamptz, took_ms float8, found_at timestamptz)
     WHERE t.id = $1 AND k.state = $2`,
    [id, state],
  );
  return kept;
}

/** What is told of one that has finished is found out. Nobody who changes the takedown is waited for. */
export async function keepProgress(sql: Sql, { id, state }: Seen, progress: TakedownProgress, tookMs: number) {
  const { counts, eta } = progress;
  await sql.query(
    `UPDATE takedowns SET progress_sought_at = now(),
       progress = $2::jsonb || jsonb_build_object('found_at', now() - $3 * interval '1 ms')
     WHERE id = (SELECT id FROM takedowns WHERE id = $1 AND finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED)`,
    [id, { state, counts, eta, took_ms: tookMs }, tookMs],
  );
}

/** A look takes some seconds at most, in which nobody else needs to begin another one. */
const LOOK_S = 5;

/**
 * Of the takedowns under way with so many deletions, takes the one whose progress nobody has sought for longest, if for
 * so long, or if that was another state. Whoever takes it and is killed leaves it to the next, after that time.
 * @returns its id
 */
export async function takeUnsought(sql: Sql, atLeast: number, forMs: number): Promise<string | undefined> {
  const [taken] = await rows<{ id: string }>(
    sql,
    `UPDATE takedowns SET progress_sought_at = now() WHERE id = (
       SELECT t.id FROM takedowns t WHERE t.finished_at IS NULL
         AND t.accepted + t.already_open + t.already_deleted >= $1 AND COALESCE(t.progress_sought_at < now() - CASE
           WHEN t.progress->>'state' <> ${SEEN_TAKEDOWN_STATE} THEN interval '${LOOK_S} s'
           ELSE $2 * interval '1 ms' END, true)
       ORDER BY t.progress_sought_at NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id`,
    [atLeast, forMs],
  );
  return taken?.id;
}
