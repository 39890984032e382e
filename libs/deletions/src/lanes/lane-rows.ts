import type { EntityManager } from 'typeorm';
import { rows, type Sql } from '@app/database';
import type { LaneState } from '../pacing/lane.js';

/** A lane and its account's ledger as they are at `now`, the database's clock. */
export interface LaneRow extends LaneState {
  merchantId: string;
  authorizerAppid: string;
  now: Date;
}

/** To be written back; not due before `notBefore`, whatever it has waiting. */
export type ChangedLane = LaneRow & { notBefore?: Date | null };

interface LaneColumn {
  field: keyof LaneState;
  /** Of `merchant_pacing p`, unless `isOfAccount`: then of `account_ledgers a`. */
  column: string;
  type: string;
  isOfAccount?: true;
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
    read: `COALESCE(extract(epoch FROM GREATEST(p.next_slot_at, a.next_slot_at)) * 1000, 0)::float8`,
    write: `to_timestamp(t.next_slot_at / 1000)`,
  },
  {
    field: 'accountSlotMs',
    column: 'next_slot_at',
    type: 'float8',
    isOfAccount: true,
    read: `COALESCE(extract(epoch FROM a.next_slot_at) * 1000, 0)::float8`,
    write: `to_timestamp(t.account_next_slot_at / 1000)`,
  },
  { field: 'ratePerMinute', column: 'rate_per_minute', type: 'int', isOfAccount: true },
  { field: 'dailyLimit', column: 'daily_limit', type: 'int', isOfAccount: true },
  {
    field: 'isRateCap',
    column: 'is_rate_cap',
    type: 'boolean',
    isOfAccount: true,
    read: `COALESCE(a.is_rate_cap, false)`,
  },
  {
    field: 'isDailyCap',
    column: 'is_daily_cap',
    type: 'boolean',
    isOfAccount: true,
    read: `COALESCE(a.is_daily_cap, false)`,
  },
  { field: 'quotaDay', column: 'quota_day', type: 'date', isOfAccount: true, read: `a.quota_day::text` },
  { field: 'quotaUsed', column: 'quota_used', type: 'int', isOfAccount: true, read: `COALESCE(a.quota_used, 0)` },
  { field: 'blockedFor', column: 'blocked_for', type: 'text' },
  { field: 'blockedUntil', column: 'blocked_until', type: 'timestamptz' },
  { field: 'urgentBlockedUntil', column: 'urgent_blocked_until', type: 'timestamptz' },
  { field: 'learnedLimit', column: 'learned_limit', type: 'int', isOfAccount: true },
  { field: 'learnedCalls', column: 'learned_calls', type: 'int', isOfAccount: true },
  { field: 'learnedSeconds', column: 'learned_seconds', type: 'int', isOfAccount: true },
  { field: 'learnedAt', column: 'learned_at', type: 'timestamptz', isOfAccount: true },
  { field: 'quotaAskedAt', column: 'quota_asked_at', type: 'timestamptz', isOfAccount: true },
  { field: 'spentSaidAt', column: 'spent_said_at', type: 'timestamptz', isOfAccount: true },
  { field: 'clearedAt', column: 'cleared_at', type: 'timestamptz', isOfAccount: true },
  { field: 'slowedRate', column: 'slowed_rate', type: 'float8', isOfAccount: true },
  { field: 'slowedAt', column: 'slowed_at', type: 'timestamptz', isOfAccount: true },
  { field: 'clearsMonth', column: 'clears_month', type: 'text', isOfAccount: true },
  { field: 'clearsUsed', column: 'clears_used', type: 'int', isOfAccount: true, read: `COALESCE(a.clears_used, 0)` },
];

/** In `t`, where the columns of both tables stand. */
const nameOf = ({ column, isOfAccount }: LaneColumn) => (isOfAccount ? `account_${column}` : column);
const ofAccount = COLUMNS.filter(({ isOfAccount }) => isOfAccount);
const ofLane = COLUMNS.filter(({ isOfAccount }) => !isOfAccount);

/**
 * Over `merchant_pacing p`, `account_ledgers a`, which may be the empty side of an outer join, and their merchant `m`. The
 * merchant's id is not among them.
 */
export const LANE_COLUMNS = [
  `m.authorizer_appid AS "authorizerAppid"`,
  ...COLUMNS.map(
    ({ field, column, isOfAccount, read }) => `${read ?? `${isOfAccount ? 'a' : 'p'}.${column}`} AS "${field}"`,
  ),
  `now() AS now`,
].join(', ');

const SELECT_LANES = `SELECT p.merchant_id AS "merchantId", ${LANE_COLUMNS} FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
  JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid WHERE p.merchant_id = ANY($1)`;

/** The lane and its account's ledger, locked until the transaction ends. */
export async function lockLane(tx: EntityManager, merchantId: string): Promise<LaneRow> {
  const [lane] = await lockLanes(tx, [merchantId]);
  if (!lane) throw new Error('A lane was deleted while it was being locked.');
  return lane;
}

/**
 * All lanes in one order, then their ledgers in one order, so that nobody who waits for a lane holds a ledger. The dispatcher,
 * which takes both at once, waits for neither.
 */
export async function lockLanes(tx: EntityManager, merchantIds: string[]): Promise<LaneRow[]> {
  const ids = [...new Set(merchantIds)];
  const lock = () =>
    rows(tx, `SELECT 1 FROM merchant_pacing WHERE merchant_id = ANY($1) ORDER BY merchant_id FOR UPDATE`, [ids]);
  if ((await lock()).length < ids.length) {
    await tx.query(
      `INSERT INTO merchant_pacing (merchant_id) SELECT id FROM unnest($1::uuid[]) AS id ORDER BY id ON CONFLICT DO NOTHING`,
      [ids],
    );
    await lock();
  }
  const read = () => rows<LaneRow>(tx, `${SELECT_LANES} ORDER BY m.authorizer_appid FOR UPDATE OF a`, [ids]);
  const lanes = await read();
  if (lanes.length === ids.length) return lanes;
  await tx.query(
    `INSERT INTO account_ledgers (authorizer_appid) SELECT DISTINCT authorizer_appid FROM merchants WHERE id = ANY($1)
     ORDER BY authorizer_appid ON CONFLICT DO NOTHING`,
    [ids],
  );
  return read();
}

/** The lane as it was last committed, whoever changes it now. @returns undefined before its first deletion */
export async function readLane(sql: Sql, merchantId: string): Promise<LaneRow | undefined> {
  const [lane] = await rows<LaneRow>(sql, SELECT_LANES, [[merchantId]]);
  return lane;
}

/** The lane with the ledger of another lane of its account. */
export function withLedgerOf(lane: LaneRow, other: LaneRow): LaneRow {
  const shared = Object.fromEntries(ofAccount.map(({ field }) => [field, other[field]]));
  return { ...lane, ...shared, nextSlotMs: Math.max(lane.nextSlotMs, other.accountSlotMs) };
}

/**
 * Writes the lanes with their ledgers and sets when each is due: when its first deletion is ready, the rate allows and nothing
 * blocks. Lanes of one account have one ledger to write.
 */
export async function saveLanes(tx: EntityManager, lanes: ChangedLane[]): Promise<void> {
  const firstReady = (isUrgent: boolean) => `(
    SELECT min(d.ready_at) FROM deletions d WHERE d.merchant_id = p.merchant_id AND d.finished_at IS NULL
      AND d.dispatched_at IS NULL AND d.is_urgent = ${isUrgent})`;
  // LEAST passes over nulls, GREATEST would too: an empty half of the lane must stay null.
  const dueWhen = (ready: string, blockedUntil: string) =>
    `CASE WHEN ${ready} IS NOT NULL THEN GREATEST(${ready}, to_timestamp(t.next_slot_at / 1000), t.${blockedUntil}, t.not_before) END`;
  const names = ['merchant_id', 'authorizer_appid', 'not_before', ...COLUMNS.map(nameOf)];
  const types = ['uuid', 'text', 'timestamptz', ...COLUMNS.map(({ type }) => type)];
  const set = (columns: LaneColumn[]) =>
    columns.map((column) => `${column.column} = ${column.write ?? `t.${nameOf(column)}`}`).join(', ');
  await tx.query(
    `WITH t AS MATERIALIZED (
       SELECT * FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) AS t (${names.join(', ')})
     ), ledgers AS (
       UPDATE account_ledgers a SET ${set(ofAccount)} FROM t WHERE a.authorizer_appid = t.authorizer_appid
     )
     UPDATE merchant_pacing p SET ${set(ofLane)},
       due_at = LEAST(${dueWhen(firstReady(false), 'blocked_until')}, ${dueWhen(firstReady(true), 'urgent_blocked_until')})
     FROM t WHERE p.merchant_id = t.merchant_id`,
    [
      lanes.map((lane) => lane.merchantId),
      lanes.map((lane) => lane.authorizerAppid),
      lanes.map((lane) => lane.notBefore ?? null),
      ...COLUMNS.map(({ field }) => lanes.map((lane) => lane[field])),
    ],
  );
}
