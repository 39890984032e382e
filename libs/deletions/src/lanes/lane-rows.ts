import type { EntityManager } from 'typeorm';
import { prepared, recordset, rows, statement, type ColumnTypes, type Sql } from '@app/database';
import { isInLane } from '../deletion/conditions.js';
import type { LaneState } from '../pacing/lane.js';

/** A lane and its account's ledger as they are at `now`, the database's clock. */
export interface LaneRow extends LaneState {
  merchantId: string;
  authorizerAppid: string;
  now: Date;
}

/** A lane to be written back. It is not due before `notBefore`, whatever waits in it. */
export type ChangedLane = LaneRow & { notBefore?: Date | null };

interface LaneColumn<Type> {
  /** `merchant_pacing p` or `account_ledgers a`. */
  table: 'p' | 'a';
  column: string;
  type: Type;
  /** SQL that reads the column, where its plain value will not do. */
  read?: string;
  /** SQL over the lane `t` that is written, where `t.<column>` will not do. */
  write?: string;
}

type LaneTypes = Required<ColumnTypes<LaneState>>;

const COLUMNS: { [Field in keyof LaneTypes]: LaneColumn<LaneTypes[Field]> } = {
  nextSlotMs: {
    table: 'p',
    column: 'next_slot_at',
    type: 'float8',
    read: `COALESCE(extract(epoch FROM GREATEST(p.next_slot_at, a.next_slot_at)) * 1000, 0)::float8`,
    write: `to_timestamp(t.next_slot_ms / 1000)`,
  },
  accountSlotMs: {
    table: 'a',
    column: 'next_slot_at',
    type: 'float8',
    read: `COALESCE(extract(epoch FROM a.next_slot_at) * 1000, 0)::float8`,
    write: `to_timestamp(t.account_slot_ms / 1000)`,
  },
  ratePerMinute: { table: 'a', column: 'rate_per_minute', type: 'int' },
  dailyLimit: { table: 'a', column: 'daily_limit', type: 'int' },
  isRateCap: { table: 'a', column: 'is_rate_cap', type: 'boolean', read: `COALESCE(a.is_rate_cap, false)` },
  isDailyCap: { table: 'a', column: 'is_daily_cap', type: 'boolean', read: `COALESCE(a.is_daily_cap, false)` },
  quotaDay: { table: 'a', column: 'quota_day', type: 'text', read: `a.quota_day::text`, write: `t.quota_day::date` },
  quotaUsed: { table: 'a', column: 'quota_used', type: 'int', read: `COALESCE(a.quota_used, 0)` },
  blockedFor: { table: 'p', column: 'blocked_for', type: 'text' },
  blockedUntil: { table: 'p', column: 'blocked_until', type: 'timestamptz' },
  urgentBlockedUntil: { table: 'p', column: 'urgent_blocked_until', type: 'timestamptz' },
  learnedLimit: { table: 'a', column: 'learned_limit', type: 'int' },
  learnedCalls: { table: 'a', column: 'learned_calls', type: 'int' },
  learnedSeconds: { table: 'a', column: 'learned_seconds', type: 'int' },
  learnedAt: { table: 'a', column: 'learned_at', type: 'timestamptz' },
  quotaAskedAt: { table: 'a', column: 'quota_asked_at', type: 'timestamptz' },
  spentSaidAt: { table: 'a', column: 'spent_said_at', type: 'timestamptz' },
  clearedAt: { table: 'a', column: 'cleared_at', type: 'timestamptz' },
  slowedRate: { table: 'a', column: 'slowed_rate', type: 'float8' },
  slowedAt: { table: 'a', column: 'slowed_at', type: 'timestamptz' },
  clearsMonth: { table: 'a', column: 'clears_month', type: 'text' },
  clearsUsed: { table: 'a', column: 'clears_used', type: 'int', read: `COALESCE(a.clears_used, 0)` },
};

const columns = Object.entries(COLUMNS).map(([field, column]) => ({ field: field as keyof LaneState, ...column }));
const ofAccount = columns.filter(({ table }) => table === 'a');
const ofLane = columns.filter(({ table }) => table === 'p');
const TYPES = Object.fromEntries(columns.map(({ field, type }) => [field, type])) as LaneTypes;

/**
 * SQL: the columns of a lane, over `merchant_pacing p`, `account_ledgers a`, which may be the empty side of an outer
 * join, and their merchant `m`. The merchant's id is not among them.
 */
export const LANE_COLUMNS = [
  `m.authorizer_appid AS "authorizerAppid"`,
  ...columns.map(({ field, table, column, read }) => `${read ?? `${table}.${column}`} AS "${field}"`),
  `now() AS now`,
].join(', ');

const SELECT_LANES = `SELECT p.merchant_id AS "merchantId", ${LANE_COLUMNS}
  FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
  JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid WHERE p.merchant_id = ANY($1)`;

/** Locks the lane and its account's ledger until the transaction ends. */
export async function lockLane(tx: EntityManager, merchantId: string): Promise<LaneRow> {
  const [lane] = await lockLanes(tx, [merchantId]);
  if (!lane) throw new Error('A lane was deleted while it was being locked.');
  return lane;
}

/**
 * Locks all lanes in one order, then their ledgers in one order, so that nobody who waits for a lane holds a ledger.
 * The dispatcher, which locks both at once, waits for neither.
 */
export async function lockLanes(tx: EntityManager, merchantIds: string[]): Promise<LaneRow[]> {
  const ids = [...new Set(merchantIds)];
  const lock = () =>
    rows(tx, `SELECT 1 FROM merchant_pacing WHERE merchant_id = ANY($1) ORDER BY merchant_id FOR UPDATE`, [ids]);
  if ((await lock()).length < ids.length) {
    await tx.query(
      `INSERT INTO merchant_pacing (merchant_id) SELECT id FROM unnest($1::uuid[]) AS id
       ORDER BY id ON CONFLICT DO NOTHING`,
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
 * Writes the lanes with their ledgers and sets when each is due: when its first deletion is ready, the rate allows and
 * nothing blocks. Lanes of one account have one ledger to write.
 */
export async function saveLanes(tx: EntityManager, lanes: ChangedLane[]): Promise<void> {
  const firstReady = (isUrgent: boolean) => `(
    SELECT min(d.ready_at) FROM deletions d
    WHERE d.merchant_id = p.merchant_id AND ${isInLane('d')} AND d.is_urgent = ${isUrgent})`;
  // LEAST passes over nulls, GREATEST would too: an empty half of the lane must stay null.
  const dueWhen = (ready: string, blockedUntil: string) => `CASE WHEN ${ready} IS NOT NULL
    THEN GREATEST(${ready}, to_timestamp(t.next_slot_ms / 1000), t.${blockedUntil}, t.not_before) END`;
  const set = (changed: typeof columns) =>
    changed.map(({ column, write }) => `${column} = ${write ?? `t.${column}`}`).join(', ');
  const { parameters, bind } = statement();
  const changed = recordset(bind, 't', lanes, {
    merchantId: 'uuid',
    authorizerAppid: 'text',
    notBefore: 'timestamptz',
    ...TYPES,
  });
  await prepared(
    tx,
    'save lanes',
    `WITH t AS MATERIALIZED (SELECT * FROM ${changed}), ledgers AS (
       UPDATE account_ledgers a SET ${set(ofAccount)} FROM t WHERE a.authorizer_appid = t.authorizer_appid
     )
     UPDATE merchant_pacing p SET ${set(ofLane)}, due_at = LEAST(
       ${dueWhen(firstReady(false), 'blocked_until')},
       ${dueWhen(firstReady(true), 'urgent_blocked_until')})
     FROM t WHERE p.merchant_id = t.merchant_id`,
    parameters,
  );
}
