import type { EntityManager } from 'typeorm';
import { rows, type Sql } from '@app/database';
import type { LaneState } from './lane.js';

/** A lane as it is at `now`, the database's clock. */
export interface LaneRow extends LaneState {
  merchantId: string;
  now: Date;
}

/** To be written back; not due before `notBefore`, whatever it has waiting. */
export type ChangedLane = LaneRow & { notBefore?: Date | null };

interface LaneColumn {
  field: keyof LaneState;
  column: string;
  type: string;
  /** SQL that reads the column, where its plain value will not do. */
  read?: string;
  /** SQL that turns `t.<column>` into what is stored. */
  write?: string;
}

const COLUMNS: LaneColumn[] = [
  {
    field: 'nextSlotMs',
    column: 'next_slot_at',
    type: 'float8',
    read: `COALESCE(extract(epoch FROM p.next_slot_at) * 1000, 0)::float8`,
    write: `to_timestamp(t.next_slot_at / 1000)`,
  },
  { field: 'ratePerMinute', column: 'rate_per_minute', type: 'int' },
  { field: 'dailyLimit', column: 'daily_limit', type: 'int' },
  { field: 'quotaDay', column: 'quota_day', type: 'date', read: `p.quota_day::text` },
  { field: 'quotaUsed', column: 'quota_used', type: 'int', read: `COALESCE(p.quota_used, 0)` },
  { field: 'blockedFor', column: 'blocked_for', type: 'text' },
  { field: 'blockedUntil', column: 'blocked_until', type: 'timestamptz' },
  { field: 'urgentBlockedUntil', column: 'urgent_blocked_until', type: 'timestamptz' },
  { field: 'learnedLimit', column: 'learned_limit', type: 'int' },
  { field: 'learnedCalls', column: 'learned_calls', type: 'int' },
  { field: 'learnedSeconds', column: 'learned_seconds', type: 'int' },
  { field: 'learnedAt', column: 'learned_at', type: 'timestamptz' },
  { field: 'quotaAskedAt', column: 'quota_asked_at', type: 'timestamptz' },
  { field: 'spentSaidAt', column: 'spent_said_at', type: 'timestamptz' },
  { field: 'slowedRate', column: 'slowed_rate', type: 'float8' },
  { field: 'slowedAt', column: 'slowed_at', type: 'timestamptz' },
  { field: 'clearsMonth', column: 'clears_month', type: 'text' },
  { field: 'clearsUsed', column: 'clears_used', type: 'int', read: `COALESCE(p.clears_used, 0)` },
];

/** Over `merchant_pacing p`, which may be the empty side of an outer join; the merchant's id is not among them. */
export const LANE_COLUMNS = [
  ...COLUMNS.map(({ field, column, read }) => `${read ?? `p.${column}`} AS "${field}"`),
  `now() AS now`,
].join(', ');

const SELECT_LANE = `SELECT p.merchant_id AS "merchantId", ${LANE_COLUMNS} FROM merchant_pacing p WHERE p.merchant_id = $1`;

/** The lane, locked until the transaction ends. */
export async function lockLane(tx: EntityManager, merchantId: string): Promise<LaneRow> {
  await tx.query(`INSERT INTO merchant_pacing (merchant_id) VALUES ($1) ON CONFLICT DO NOTHING`, [merchantId]);
  const [lane] = await rows<LaneRow>(tx, `${SELECT_LANE} FOR UPDATE`, [merchantId]);
  if (!lane) throw new Error('A lane was deleted while it was being locked.');
  return lane;
}

/** The lane as it was last committed, whoever changes it now. @returns undefined before its first deletion */
export async function readLane(sql: Sql, merchantId: string): Promise<LaneRow | undefined> {
  const [lane] = await rows<LaneRow>(sql, SELECT_LANE, [merchantId]);
  return lane;
}

/** Writes the lanes and sets when each is due: when its first deletion is ready, the rate allows and nothing blocks. */
export async function saveLanes(tx: EntityManager, lanes: ChangedLane[]): Promise<void> {
  const firstReady = (isUrgent: boolean) => `(
    SELECT min(d.ready_at) FROM deletions d WHERE d.merchant_id = p.merchant_id AND d.finished_at IS NULL
      AND d.dispatched_at IS NULL AND d.is_urgent = ${isUrgent})`;
  // LEAST passes over nulls, GREATEST would too: an empty half of the lane must stay null.
  const dueWhen = (ready: string, blockedUntil: string) =>
    `CASE WHEN ${ready} IS NOT NULL THEN GREATEST(${ready}, to_timestamp(t.next_slot_at / 1000), t.${blockedUntil}, t.not_before) END`;
  const names = ['merchant_id', 'not_before', ...COLUMNS.map(({ column }) => column)];
  const types = ['uuid', 'timestamptz', ...COLUMNS.map(({ type }) => type)];
  await tx.query(
    `UPDATE merchant_pacing p SET
       ${COLUMNS.map(({ column, write }) => `${column} = ${write ?? `t.${column}`}`).join(', ')},
       due_at = LEAST(${dueWhen(firstReady(false), 'blocked_until')}, ${dueWhen(firstReady(true), 'urgent_blocked_until')})
     FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) AS t (${names.join(', ')})
     WHERE p.merchant_id = t.merchant_id`,
    [
      lanes.map((lane) => lane.merchantId),
      lanes.map((lane) => lane.notBefore ?? null),
      ...COLUMNS.map(({ field }) => lanes.map((lane) => lane[field])),
    ],
  );
}
