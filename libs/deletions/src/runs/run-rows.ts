import { WHOLE_MESSAGE } from '../deletion/target.js';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Batcher, type BatchWindow } from '@app/concurrency';
import { isItemError, prepared, recordset, rows, statement } from '@app/database';
import { IS_USABLE_TOKEN, SURELY_REFUSED } from '@app/merchants';
import type { CallSlot } from '@app/queue';
import { IS_FIRST_ANSWER_LOST, IS_LAST_OUTCOME_UNKNOWN, IS_TRIED_ANYWAY } from '../deletion/conditions.js';
import { tellOf } from '../deletion/deletion-events.js';
import { isBeyondMessage } from '../gone/known-gone.js';
import { IS_HELD, IS_PROBE, WITH_HOLD } from '../lanes/hold-conditions.js';
import type { Dispatched } from '../lanes/lane-dispatch.js';
import { wakeLanes } from '../lanes/lane-wakes.js';
import { Lanes } from '../lanes/lanes.js';
import { SLOT_LIFE_MS } from '../pacing/rate.js';
import type { CallResult } from './call-result.js';
import type { End, Outcome } from './outcome.js';
import { RetryUntilStored } from './retry-until-stored.js';
import { runsEnded, type RunEnded } from './run-events.js';
import { CLAIM_MS, lastCallAt, runOf, type ClaimedRow, type Run } from './run.js';
import { verificationDelayMs } from './verification-delay.js';

export type Claim =
  | { claimed: true; run: Run }
  /** Nothing to do, or somebody else's for that long. */
  | { claimed: false; retryAfterMs?: number };

/** Claims and ends hold no call slot, so batching may delay them. */
const WINDOW: BatchWindow = { enoughItems: 32, longestMs: 25 };
/** For calls that are not begun with a claim: with a new token, to verify, or once more. */
const SHORT_WINDOW: BatchWindow = { enoughItems: 16, longestMs: 5 };

/** For runs that are nobody's job. */
const UNLIMITED: CallSlot = { acquire: () => Promise.resolve(true), release: () => undefined };

interface WantedClaim {
  id: string;
  /** The id of the call that is begun with the claim, too; later calls have ids of their own. */
  runId: string;
}

export type Operation = 'mass/delete' | 'mass/get';

interface WantedCall {
  callId: string;
  id: string;
  runId: string;
  operation: Operation;
}

interface WantedEnd {
  run: Run;
  end: End;
  call?: { id: string; result: CallResult } | undefined;
}

/**
 * What happens to a deletion's rows while it runs. Each step is one statement, so that a kill leaves no half step; the
 * steps that every deletion takes, its claim and its end, share statements with those of other jobs.
 */
@Injectable()
export class RunRows {
  private readonly logger = new Logger(RunRows.name);
  private readonly claims = new Batcher((wanted: WantedClaim[]) => this.claimAll(wanted), isItemError, WINDOW);
  private readonly begins = new Batcher((wanted: WantedCall[]) => this.startAll(wanted), isItemError, SHORT_WINDOW);
  private readonly ends = new Batcher((wanted: WantedEnd[]) => this.finishAll(wanted), isItemError, WINDOW);

  constructor(
    private readonly dataSource: DataSource,
    private readonly lanes: Lanes,
    private readonly answers: RetryUntilStored,
  ) {}

  /**
   * Takes a dispatched deletion that nobody runs, or whose runner's claim has ended. If nothing stands in the way of
   * its delete call, that is written down with the same statement.
   * @param callSlot in which the run makes its calls
   */
  async claim(id: string, callSlot: CallSlot = UNLIMITED): Promise<Claim> {
    const askedAt = performance.now();
    const row = await this.claims.submit({ id, runId: uuidv7() });
    return row ? { claimed: true, run: runOf(row, callSlot, askedAt) } : this.whyNot(id);
  }

  /**
   * Writes down that a call is about to be made, and renews the claim.
   * @returns the call's id, or undefined when the claim is lost
   */
  async startCall(run: Run, operation: Operation): Promise<string | undefined> {
    const askedAt = performance.now();
    const callId = await this.begins.submit({ callId: uuidv7(), id: run.id, runId: run.runId, operation });
    if (callId) run.callBefore = lastCallAt(askedAt);
    return callId;
  }

  /**
   * The answer of a call after which the deletion goes on.
   * @param final how the deletion ends unless the message turns out to be gone: no further delete call is spent
   */
  async finishCall(callId: string, result: CallResult, final?: { run: Run; outcome: Outcome }): Promise<void> {
    const { parameters, bind } = statement();
    const { outcome, errcode, errmsg, rid, httpStatus, latencyMs } = result;
    const answer = { errcode: bind(errcode ?? null), errmsg: bind(errmsg ?? null), rid: bind(rid ?? null) };
    const text = `
      WITH noted AS (
        UPDATE deletions SET outcome_code = ${bind(final?.outcome.code ?? null)}, outcome_errcode = ${answer.errcode},
          outcome_errmsg = ${answer.errmsg}, outcome_rid = ${answer.rid}
        WHERE id = ${bind(final?.run.id ?? null)} AND run_id = ${bind(final?.run.runId ?? null)} AND finished_at IS NULL
      )
      UPDATE deletion_attempts SET outcome = ${bind(outcome)}, errcode = ${answer.errcode}, errmsg = ${answer.errmsg},
        rid = ${answer.rid}, http_status = ${bind(httpStatus ?? null)}, latency_ms = ${bind(latencyMs)},
        finished_at = now()
      WHERE id = ${bind(callId)}`;
    await this.answers.store(() => this.dataSource.query(text, parameters));
  }

  /**
   * The end of a deletion. That WeChat deleted is a fact, whoever holds the claim by now; a failure is for the holder
   * to decide.
   */
  async finish(run: Run, end: End, call?: { id: string; result: CallResult }): Promise<void> {
    const { state, proof, outcome } = end;
    await this.answers.store(() => this.ends.submit({ run, end, call }));
    runsEnded.publish({ state, isUrgent: run.isUrgent, tookMs: performance.now() - run.acceptedAt } satisfies RunEnded);
    this.logger.log('deletion finished', { deletion_id: run.id, result: state, code: outcome.code, proof });
  }

  /**
   * Whether it is known that there never was such an article. When its message is deleted, the article shall not be
   * said to have been deleted.
   */
  async isOfNoArticle({ merchant, target }: Run): Promise<boolean> {
    if ('url' in target) return false;
    const wish = { merchantId: '$1::uuid', msgId: '$2::bigint', articleIdx: '$3::int' };
    const [found] = await rows<{ isBeyond: boolean | null }>(
      this.dataSource,
      `SELECT ${isBeyondMessage(wish)} AS "isBeyond"`,
      [merchant.id, String(target.msgId), target.articleIdx],
    );
    return found?.isBeyond === true;
  }

  /** Waits out a backoff in the queue, which then runs it again. */
  async backOff(run: Run, delayMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE deletions SET state = 'waiting', waiting_for = 'backoff', waiting_until = now() + $3 * interval '1 ms',
         retries = retries + 1, running_until = NULL
       WHERE id = $1 AND run_id = $2 AND finished_at IS NULL`,
      [run.id, run.runId, delayMs],
    );
  }

  /**
   * Puts the deletion back into its lane, to its old place for lack of a slot, or to wait. With it a slot is given back
   * that no call has used, and a call is struck out that was written down and never made. A backoff that the queue will
   * not wait out counts as a retry here, too.
   */
  async giveBack(run: Run, wait?: { for: 'platform' | 'backoff'; pauseMs: number }): Promise<void> {
    const putBack = (tx: EntityManager) => this.putBack(tx, run, wait);
    if (run.slot === 'none') await this.dataSource.transaction(putBack);
    else await this.lanes.refundIf(run.merchant.id, putBack);
    run.slot = 'none';
    run.call = 'none';
  }

  /** @returns false when the claim was lost: whoever has it has the slot too */
  private async putBack(
    tx: EntityManager,
    run: Run,
    wait?: { for: 'platform' | 'backoff'; pauseMs: number },
  ): Promise<boolean> {
    const { parameters, bind } = statement(run.id, run.runId);
    const unmade = `${bind(run.call === 'none' ? null : run.call.written)}::uuid`;
    const state = bind(wait ? 'waiting' : 'queued');
    const waitingFor = `${bind(wait?.for ?? null)}::text`;
    const until = `now() + ${bind(wait?.pauseMs ?? 0)} * interval '1 ms'`;
    const [back] = await rows<{ readyAt: Date }>(
      tx,
      `WITH back AS (
         UPDATE deletions SET state = ${state}, waiting_for = ${waitingFor},
           retries = retries + (${waitingFor} IS NOT DISTINCT FROM 'backoff')::int,
           ready_at = CASE WHEN ${waitingFor} IS NULL THEN ready_at ELSE ${until} END,
           waiting_until = CASE WHEN ${waitingFor} IS NOT NULL THEN ${until} END,
           dispatched_at = NULL, run_id = NULL, running_until = NULL, attempts = attempts - (${unmade} IS NOT NULL)::int
         WHERE id = $1 AND run_id = $2 AND finished_at IS NULL RETURNING id, ready_at
       ), unmade AS (
         DELETE FROM deletion_attempts a USING back WHERE a.deletion_id = back.id AND a.id = ${unmade}
       )
       SELECT ready_at AS "readyAt" FROM back`,
      parameters,
    );
    if (back) await wakeLanes(tx, [run.merchant.id], back.readyAt);
    return back !== undefined;
  }

  /** Dispatched deletions that may have lost their job: those whose claim, wait or dispatch is over for a while. */
  async withoutProgress(olderThanMs: number, limit: number): Promise<Dispatched[]> {
    return rows(
      this.dataSource,
      `SELECT id, request_id AS "requestId", traceparent, dispatches FROM deletions
       WHERE finished_at IS NULL AND dispatched_at IS NOT NULL
         AND GREATEST(dispatched_at, running_until, waiting_until) < now() - $1 * interval '1 ms'
       ORDER BY dispatched_at LIMIT $2`,
      [olderThanMs, limit],
    );
  }

  private async claimAll(asked: WantedClaim[]): Promise<(ClaimedRow | undefined)[]> {
    // One deletion asked for twice at once is its first asker's.
    const wanted = asked.filter(({ id }, index) => asked.findIndex((one) => one.id === id) === index);
    const { parameters, bind } = statement(wanted.map(({ id }) => id));
    const claimed = await prepared<ClaimedRow>(
      this.dataSource.manager,
      'claim deletions',
      // Rows are locked in one order, so that two processes that want the same ones wait and do not clash. The ids are
      // said twice: without statistics, Postgres might walk through all that waits instead of looking the few up. For
      // the CASE it does not see that it could walk through all that is dispatched. What was decided is sorted, so that
      // it is merged with the rows that are looked up, and not each of it sought among all of them.
      `WITH wanted AS (
         SELECT d.*, w.run_id AS new_run_id
         FROM ${recordset(bind, 'w', wanted, { id: 'uuid', runId: 'uuid' })} JOIN deletions d ON d.id = w.id
         WHERE d.id = ANY($1) AND CASE WHEN d.finished_at IS NULL AND d.dispatched_at IS NOT NULL
           THEN d.running_until IS NULL OR d.running_until < now() END
         ORDER BY d.id FOR UPDATE OF d
       ), seen AS (
         SELECT d.*, m.platform_id, m.authorizer_appid, m.grant_version,
           CASE WHEN NOT ${IS_TRIED_ANYWAY} THEN ${SURELY_REFUSED} END AS grant_gone,
           t.token_sealed, t.version AS token_version, COALESCE(tc.refused, 0) AS token_conflicts,
           t.void_at IS NOT NULL AS is_token_void, ${IS_USABLE_TOKEN} AS is_token_usable,
           ${IS_SLOT_SPENT} AS is_slot_spent,
           COALESCE(extract(epoch FROM now() - d.slot_at) * 1000, 0)::float8 AS slot_age_ms,
           ${IS_LAST_OUTCOME_UNKNOWN} AS is_last_outcome_unknown, ${IS_FIRST_ANSWER_LOST} AS is_first_answer_lost,
           (${IS_HELD} OR COALESCE(tc.until > now(), false)) AS is_held, ${IS_PROBE} AS is_probe
         FROM wanted d JOIN merchants m ON m.id = d.merchant_id ${WITH_HOLD}
           LEFT JOIN access_tokens t ON t.holder_id = m.id LEFT JOIN token_conflicts tc ON tc.merchant_id = m.id
       ), decided AS (
         SELECT *, grant_gone IS NULL AND NOT is_held AND COALESCE(is_token_usable, false) AND NOT is_slot_spent
           AND slot_age_ms <= ${SLOT_LIFE_MS} AND NOT (is_last_outcome_unknown AND msg_id IS NOT NULL) AS is_call_begun
         FROM seen
       ), begun AS (
         INSERT INTO deletion_attempts (id, deletion_id, operation)
         SELECT new_run_id, id, 'mass/delete' FROM decided WHERE is_call_begun
       )
       UPDATE deletions d SET state = 'running', waiting_for = NULL, waiting_until = NULL, run_id = s.new_run_id,
         running_until = now() + ${CLAIM_MS} * interval '1 ms', attempts = d.attempts + s.is_call_begun::int
       FROM (SELECT * FROM decided ORDER BY id) s WHERE d.id = ANY($1) AND d.id = s.id
       RETURNING ${SELECT_CLAIMED}`,
      parameters,
    );
    const byRunId = new Map(claimed.map((row) => [row.runId, row]));
    return asked.map(({ runId }) => byRunId.get(runId));
  }

  private async startAll(wanted: WantedCall[]): Promise<(string | undefined)[]> {
    const { parameters, bind } = statement(wanted.map(({ id }) => id));
    const columns = { callId: 'uuid', id: 'uuid', runId: 'uuid', operation: 'text' } as const;
    const started = await prepared<{ id: string }>(
      this.dataSource.manager,
      'begin calls',
      // Rows are locked in one order, as claims lock them.
      `WITH wanted AS (
         SELECT c.* FROM ${recordset(bind, 'c', wanted, columns)}
         JOIN deletions d ON d.id = c.id AND d.run_id = c.run_id
         WHERE d.id = ANY($1) AND d.finished_at IS NULL ORDER BY d.id FOR UPDATE OF d
       ), held AS (
         UPDATE deletions d SET running_until = now() + ${CLAIM_MS} * interval '1 ms',
           attempts = attempts + (c.operation = 'mass/delete')::int
         FROM wanted c WHERE d.id = ANY($1) AND d.id = c.id RETURNING c.call_id, d.id, c.operation
       )
       INSERT INTO deletion_attempts (id, deletion_id, operation)
       SELECT call_id, id, operation FROM held RETURNING id`,
      parameters,
    );
    const ids = new Set(started.map(({ id }) => id));
    return wanted.map(({ callId }) => (ids.has(callId) ? callId : undefined));
  }

  private async finishAll(wanted: WantedEnd[]): Promise<void[]> {
    const ends = wanted.map(({ run: { id, runId }, end: { state, proof, outcome } }) => {
      return { id, runId, state, proof, ...outcome };
    });
    const calls = wanted.flatMap(({ call }) => (call ? { id: call.id, ...call.result } : []));
    const { parameters, bind } = statement(
      ends.map(({ id }) => id),
      calls.map(({ id }) => id),
    );
    await prepared(
      this.dataSource.manager,
      'end deletions',
      `WITH called AS (
         UPDATE deletion_attempts a SET outcome = c.outcome, errcode = c.errcode, errmsg = c.errmsg, rid = c.rid,
           http_status = c.http_status, latency_ms = c.latency_ms, finished_at = now()
         FROM ${recordset(bind, 'c', calls, CALL_COLUMNS)}
         WHERE a.id = ANY($2) AND a.id = c.id
       ), ended AS (
       UPDATE deletions d SET state = e.state, proof = e.proof, outcome_code = e.code, outcome_errcode = e.errcode,
         outcome_errmsg = e.errmsg, outcome_rid = e.rid, waiting_for = NULL, waiting_until = NULL, finished_at = now(),
         verify_at = CASE WHEN e.proof = 'acknowledged' AND d.article_idx = ${WHOLE_MESSAGE}
           THEN now() + ${verificationDelayMs(0)} * interval '1 ms' END
       FROM (
         -- Should two runners of one deletion end it at once, success is the fact.
         SELECT DISTINCT ON (id) * FROM ${recordset(bind, 't', ends, END_COLUMNS)}
         ORDER BY id, state DESC
       ) AS e
       WHERE d.id = ANY($1) AND d.id = e.id AND d.finished_at IS NULL AND (d.run_id = e.run_id OR e.state = 'succeeded')
       RETURNING d.*
       ) ${tellOf('ended')}`,
      parameters,
    );
    return wanted.map(() => undefined);
  }

  private async whyNot(id: string): Promise<Claim> {
    const [row] = await rows<{ retryAfterMs: number }>(
      this.dataSource,
      `SELECT GREATEST(0, extract(epoch FROM running_until - now()) * 1000)::int AS "retryAfterMs" FROM deletions
       WHERE id = $1 AND finished_at IS NULL AND dispatched_at IS NOT NULL AND running_until IS NOT NULL`,
      [id],
    );
    return { claimed: false, ...row };
  }
}

/** SQL over a deletion `d`: a delete call was made since it left its lane. */
const IS_SLOT_SPENT = `(d.attempts > 0 AND EXISTS (
  SELECT 1 FROM deletion_attempts a
  WHERE a.deletion_id = d.id AND a.operation = 'mass/delete' AND a.started_at >= d.dispatched_at))`;

/** Columns of the claimed deletion `d`, and of `s`, which is what was seen before it was claimed. */
const CLAIMED_COLUMNS = {
  id: 'd.id',
  runId: 'd.run_id',
  finalCode: 'd.outcome_code',
  finalErrcode: 'd.outcome_errcode',
  finalErrmsg: 'd.outcome_errmsg',
  finalRid: 'd.outcome_rid',
  msgId: 'd.msg_id',
  articleIdx: 'd.article_idx',
  url: 'd.url',
  isUrgent: 'd.is_urgent',
  ageMs: `(extract(epoch FROM now() - d.created_at) * 1000)::float8`,
  overdueMs: `(extract(epoch FROM now() - d.due_at) * 1000)::float8`,
  retries: 'd.retries',
  isSlotSpent: 's.is_slot_spent',
  slotAgeMs: 's.slot_age_ms',
  isLastOutcomeUnknown: 's.is_last_outcome_unknown',
  isFirstAnswerLost: 's.is_first_answer_lost',
  tokenConflicts: 's.token_conflicts',
  isTokenVoid: 's.is_token_void',
  merchantId: 'd.merchant_id',
  platformId: 's.platform_id',
  authorizerAppid: 's.authorizer_appid',
  grantGone: 's.grant_gone',
  grantVersion: 's.grant_version',
  isHeld: 's.is_held',
  isProbe: 's.is_probe',
  isCallBegun: 's.is_call_begun',
  tokenSealed: 's.token_sealed',
  tokenVersion: 's.token_version',
} satisfies Record<keyof ClaimedRow, string>;
const SELECT_CLAIMED = Object.entries(CLAIMED_COLUMNS)
  .map(([name, column]) => `${column} AS "${name}"`)
  .join(', ');

const CALL_COLUMNS = {
  id: 'uuid',
  outcome: 'text',
  errcode: 'int',
  errmsg: 'text',
  rid: 'text',
  httpStatus: 'int',
  latencyMs: 'int',
} as const;

const END_COLUMNS = {
  id: 'uuid',
  runId: 'uuid',
  state: 'text',
  proof: 'text',
  code: 'text',
  errcode: 'int',
  errmsg: 'text',
  rid: 'text',
} as const;
