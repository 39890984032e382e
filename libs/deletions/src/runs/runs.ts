import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Batcher, type BatchWindow } from '@app/concurrency';
import { isItemError, prepared, rows } from '@app/database';
import { IS_USABLE_TOKEN, SURELY_REFUSED } from '@app/merchants';
import type { CallSlot } from '@app/queue';
import type { CallResult } from './call-result.js';
import { IS_FIRST_ANSWER_LOST, IS_LAST_OUTCOME_UNKNOWN, IS_TRIED_ANYWAY } from '../deletion/conditions.js';
import { isBeyondMessage } from '../deletion/known-gone.js';
import type { Dispatched } from '../lanes/lane-dispatch.js';
import { Lanes } from '../lanes/lanes.js';
import { IS_HELD, IS_PROBE, WITH_HOLD } from '../lanes/hold-conditions.js';
import { SLOT_LIFE_MS } from '../pacing/rate.js';
import type { Proof } from '../deletion/states.js';
import { WHOLE_MESSAGE, type Target } from '../deletion/target.js';
import { tellOf } from '../deletion/deletion-events.js';
import { verificationDelayMs } from './verification-delay.js';

/** A deletion that this process may run until its claim ends. */
export interface Run {
  id: string;
  runId: string;
  isUrgent: boolean;
  target: Target;
  retries: number;
  /** A slot of the lane is paid for and no delete call has used it yet. A further call needs a slot of its own. */
  hasSlot: boolean;
  /** Until when a call may use it, by `performance.now()`: a later one would come too close to others. */
  slotUntil: number;
  /** The last delete call may have taken effect: nobody has seen its answer. */
  isLastOutcomeUnknown: boolean;
  /** If the target turns out to be gone, a call of this deletion has probably done it. */
  isFirstAnswerLost: boolean;
  /** How many fresh tokens of the merchant were refused one after the other, up to now. */
  tokenConflicts: number;
  /** Of the token that its last call was made with, and whether this run minted it. */
  tokenVersion: number;
  hasMinted: boolean;
  /** WeChat answered a call of this run, and had nothing against its token, which is the newest that the run had. */
  wasTokenTaken: boolean;
  /** A token of the merchant was refused, before this run or in it, and none was known to be taken since. */
  wasTokenRefused: boolean;
  refusedWith?: number | undefined;
  /** By performance.now(): a call that begins later might outlast the claim. */
  callBefore: number;
  /** What WeChat has said already, for good: unless the message turns out to be gone, the deletion ends so. */
  final?: Outcome | undefined;
  /** The id of a delete call that is written down and not made yet. */
  begun?: string | undefined;
  /** The merchant's token, if nothing stood in the way of a delete call when the claim was made: that is begun then. */
  lent?: LentToken | undefined;
  /** The platform is held, and this is not its probe: no call may be made. */
  isHeld: boolean;
  /** The platform is held, and this run shows whether it works again. */
  isProbe: boolean;
  /** WeChat has answered a call of this run in the ordinary way, be it with a refusal. */
  wasAnswered: boolean;
  /** By performance.now(): when its last call left. */
  leftAt?: number | undefined;
  /** In which it makes its calls. */
  callSlot: CallSlot;
  merchant: { id: string; platformId: string; authorizerAppid: string; grantVersion: number; grantGone: string | null };
}

export interface LentToken {
  sealed: string;
  version: number;
}

export type Claim =
  | { claimed: true; run: Run }
  /** Nothing to do, or somebody else's for that long. */
  | { claimed: false; retryAfterMs?: number };

export interface Outcome {
  code: string;
  errcode?: number | undefined;
  errmsg?: string | undefined;
  rid?: string | undefined;
}

/** Claims and ends hold no call slot, so batching may delay them. */
const WINDOW: BatchWindow = { enoughItems: 32, longestMs: 25 };
/** Of the calls that are not begun with a claim: of a token that is new, a thing to verify, a retry. */
const SHORT_WINDOW: BatchWindow = { enoughItems: 16, longestMs: 5 };

/** For runs that are nobody's job. */
const UNLIMITED: CallSlot = { acquire: () => Promise.resolve(true), release: () => undefined };

/** No call takes longer: then it counts as one whose outcome is not known. */
export const CALL_MS = 25_000;
/** Renewed with every call. Longer than a call: while it is under way, nobody else takes the deletion. */
const CLAIM_MS = 35_000;

/** The end of a deletion, with the answer that decided it. */
export interface End {
  state: 'succeeded' | 'failed';
  proof: Proof;
  outcome: Outcome;
}

/** A failover of the database is over by then. */
const KEEP_MS = 10 * 60_000;
const KEEP_AT_SHUTDOWN_MS = 5_000;
const KEEP_PAUSE_MS = 500;

interface WantedClaim {
  id: string;
  /** Of the call that is begun with the claim, too; what is called later has an id of its own. */
  runId: string;
}

interface ClaimedRow {
  id: string;
  runId: string;
  finalCode: string | null;
  finalErrcode: number | null;
  finalErrmsg: string | null;
  finalRid: string | null;
  msgId: string | null;
  articleIdx: number;
  url: string;
  isUrgent: boolean;
  retries: number;
  isSlotSpent: boolean;
  slotAgeMs: number;
  isLastOutcomeUnknown: boolean;
  isFirstAnswerLost: boolean;
  tokenConflicts: number;
  isTokenVoid: boolean;
  merchantId: string;
  platformId: string;
  authorizerAppid: string;
  grantGone: string | null;
  grantVersion: number;
  isHeld: boolean;
  isProbe: boolean;
  isCallBegun: boolean;
  tokenSealed: string;
  tokenVersion: number;
}

export type Operation = 'mass/delete' | 'mass/get';

interface WantedCall {
  /** The call's own. */
  id: string;
  run: Run;
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
export class Runs implements OnModuleDestroy {
  private readonly logger = new Logger(Runs.name);
  private closesAt = Infinity;
  private readonly claims = new Batcher((wanted: WantedClaim[]) => this.claimAll(wanted), isItemError, WINDOW);
  private readonly begins = new Batcher((wanted: WantedCall[]) => this.startAll(wanted), isItemError, SHORT_WINDOW);
  private readonly ends = new Batcher((wanted: WantedEnd[]) => this.finishAll(wanted), isItemError, WINDOW);

  constructor(
    private readonly dataSource: DataSource,
    private readonly lanes: Lanes,
  ) {}

  /** Before the jobs in hand are waited for: without a database they shall not keep the process up for long. */
  onModuleDestroy(): void {
    this.closesAt = performance.now() + KEEP_AT_SHUTDOWN_MS;
  }

  /**
   * Takes a dispatched deletion that nobody runs, or whose runner's claim has ended. If nothing stands in the way of its
   * delete call, that is written down with the same statement.
   * @param callSlot in which the run makes its calls
   */
  async claim(id: string, callSlot: CallSlot = UNLIMITED): Promise<Claim> {
    const askedAt = performance.now();
    const wanted = { id, runId: uuidv7() };
    const row = await this.claims.submit(wanted);
    return row ? { claimed: true, run: { ...runOf(row, wanted, askedAt), callSlot } } : this.whyNot(id);
  }

  /** Writes down that a call is about to be made, and renews the claim. @returns its id, or undefined when the claim is lost */
  async startCall(run: Run, operation: Operation): Promise<string | undefined> {
    const askedAt = performance.now();
    const id = await this.begins.submit({ id: uuidv7(), run, operation });
    if (id) run.callBefore = lastCallAt(askedAt);
    return id;
  }

  /**
   * The answer of a call after which the deletion goes on.
   * @param final how the deletion ends unless the message turns out to be gone: no further delete call is spent
   */
  async finishCall(callId: string, result: CallResult, final?: { run: Run; outcome: Outcome }): Promise<void> {
    const { outcome, errcode, errmsg, rid, httpStatus, latencyMs } = result;
    await this.keep(() =>
      this.dataSource.query(
        `WITH noted AS (
           UPDATE deletions SET outcome_code = $10, outcome_errcode = $3, outcome_errmsg = $4, outcome_rid = $5
           WHERE id = $8 AND run_id = $9 AND finished_at IS NULL
         )
         UPDATE deletion_attempts SET outcome = $2, errcode = $3, errmsg = $4, rid = $5, http_status = $6, latency_ms = $7,
           finished_at = now() WHERE id = $1`,
        [
          callId,
          outcome,
          errcode ?? null,
          errmsg ?? null,
          rid ?? null,
          httpStatus ?? null,
          latencyMs,
          final?.run.id ?? null,
          final?.run.runId ?? null,
          final?.outcome.code ?? null,
        ],
      ),
    );
  }

  /**
   * The end of a deletion. That WeChat deleted is a fact, whoever holds the claim by now; a failure is for the holder to
   * decide.
   */
  async finish(run: Run, end: End, call?: { id: string; result: CallResult }): Promise<void> {
    const { state, proof, outcome } = end;
    await this.keep(() => this.ends.submit({ run, end, call }));
    this.logger.log('deletion finished', { deletion_id: run.id, result: state, code: outcome.code, proof });
  }

  /** Whether it is known that there never was such an article: with its message deleted, it shall not be said to have been. */
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
   * Back into the lane, to its old place for lack of a slot, or to wait; a slot that no call has used is given back with it,
   * and a call that was written down and never made is struck out. A backoff that the queue will not wait out counts as a retry here too.
   */
  async giveBack(run: Run, wait?: { for: 'platform' | 'backoff'; pauseMs: number }): Promise<void> {
    const putBack = (tx: EntityManager) => this.putBack(tx, run, wait);
    if (run.hasSlot) await this.lanes.refundIf(run.merchant.id, putBack);
    else await this.dataSource.transaction(putBack);
    run.hasSlot = false;
    run.begun = undefined;
  }

  /** @returns false when the claim was lost: whoever has it has the slot too */
  private async putBack(
    tx: EntityManager,
    run: Run,
    wait?: { for: 'platform' | 'backoff'; pauseMs: number },
  ): Promise<boolean> {
    const [back] = await rows<{ readyAt: Date }>(
      tx,
      `WITH back AS (
         UPDATE deletions SET state = $3, waiting_for = $4, retries = retries + ($4::text IS NOT DISTINCT FROM 'backoff')::int,
           ready_at = CASE WHEN $4::text IS NULL THEN ready_at ELSE now() + $5 * interval '1 ms' END,
           waiting_until = CASE WHEN $4::text IS NOT NULL THEN now() + $5 * interval '1 ms' END,
           dispatched_at = NULL, run_id = NULL, running_until = NULL, attempts = attempts - ($6::uuid IS NOT NULL)::int
         WHERE id = $1 AND run_id = $2 AND finished_at IS NULL RETURNING id, ready_at
       ), unmade AS (
         DELETE FROM deletion_attempts a USING back WHERE a.deletion_id = back.id AND a.id = $6
       )
       SELECT ready_at AS "readyAt" FROM back`,
      [run.id, run.runId, wait ? 'waiting' : 'queued', wait?.for ?? null, wait?.pauseMs ?? 0, run.begun ?? null],
    );
    if (back) await this.lanes.wake(tx, run.merchant.id, back.readyAt);
    return back !== undefined;
  }

  /** Dispatched deletions that may have lost their job: those whose claim, wait or dispatch is over for a while. */
  async withoutProgress(olderThanMs: number, limit: number): Promise<Dispatched[]> {
    return rows(
      this.dataSource,
      `SELECT id, request_id AS "requestId", dispatches FROM deletions
       WHERE finished_at IS NULL AND dispatched_at IS NOT NULL
         AND GREATEST(dispatched_at, running_until, waiting_until) < now() - $1 * interval '1 ms'
       ORDER BY dispatched_at LIMIT $2`,
      [olderThanMs, limit],
    );
  }

  private async claimAll(asked: WantedClaim[]): Promise<(ClaimedRow | undefined)[]> {
    // One deletion asked for twice at once is its first asker's.
    const wanted = asked.filter(({ id }, index) => asked.findIndex((one) => one.id === id) === index);
    const claimed = await prepared<ClaimedRow>(
      this.dataSource.manager,
      'claim deletions',
      // Locked in one order, so that two processes that want the same ones wait and do not clash. The ids are said twice:
      // without statistics, Postgres might walk through all that waits instead of looking the few up; nor shall it see, for the
      // CASE, that it could walk through all that is dispatched. What was decided is sorted, so that it is merged with those looked
      // up, and not each of it sought among all of them.
      `WITH wanted AS (
         SELECT d.*, w.new_run_id FROM unnest($1::uuid[], $2::uuid[]) AS w (id, new_run_id)
         JOIN deletions d ON d.id = w.id
         WHERE d.id = ANY($1) AND CASE WHEN d.finished_at IS NULL AND d.dispatched_at IS NOT NULL THEN d.running_until IS NULL OR d.running_until < now() END
         ORDER BY d.id FOR UPDATE OF d
       ), seen AS (
         SELECT d.*, m.platform_id, m.authorizer_appid, m.grant_version, CASE WHEN NOT ${IS_TRIED_ANYWAY} THEN ${SURELY_REFUSED} END AS grant_gone,
           t.token_sealed, t.version AS token_version, COALESCE(tc.refused, 0) AS token_conflicts, t.void_at IS NOT NULL AS is_token_void, ${IS_USABLE_TOKEN} AS is_token_usable, ${IS_SLOT_SPENT} AS is_slot_spent,
           COALESCE(extract(epoch FROM now() - d.slot_at) * 1000, 0)::float8 AS slot_age_ms,
           ${IS_LAST_OUTCOME_UNKNOWN} AS is_last_outcome_unknown, ${IS_FIRST_ANSWER_LOST} AS is_first_answer_lost, (${IS_HELD} OR COALESCE(tc.until > now(), false)) AS is_held, ${IS_PROBE} AS is_probe
         FROM wanted d JOIN merchants m ON m.id = d.merchant_id ${WITH_HOLD}
           LEFT JOIN access_tokens t ON t.holder_id = m.id LEFT JOIN token_conflicts tc ON tc.merchant_id = m.id
       ), decided AS (
         SELECT *, grant_gone IS NULL AND NOT is_held AND COALESCE(is_token_usable, false) AND NOT is_slot_spent AND slot_age_ms <= ${SLOT_LIFE_MS}
           AND NOT (is_last_outcome_unknown AND msg_id IS NOT NULL) AS is_call_begun FROM seen
       ), begun AS (
         INSERT INTO deletion_attempts (id, deletion_id, operation) SELECT new_run_id, id, 'mass/delete' FROM decided WHERE is_call_begun
       )
       UPDATE deletions d SET state = 'running', waiting_for = NULL, waiting_until = NULL, run_id = s.new_run_id,
         running_until = now() + ${CLAIM_MS} * interval '1 ms', attempts = d.attempts + s.is_call_begun::int
       FROM (SELECT * FROM decided ORDER BY id) s WHERE d.id = ANY($1) AND d.id = s.id
       RETURNING d.id, d.run_id AS "runId", d.outcome_code AS "finalCode", d.outcome_errcode AS "finalErrcode",
         d.outcome_errmsg AS "finalErrmsg", d.outcome_rid AS "finalRid", d.msg_id AS "msgId", d.article_idx AS "articleIdx", d.url, d.is_urgent AS "isUrgent", d.retries,
         s.is_slot_spent AS "isSlotSpent", s.slot_age_ms AS "slotAgeMs", s.is_last_outcome_unknown AS "isLastOutcomeUnknown", s.is_first_answer_lost AS "isFirstAnswerLost", s.token_conflicts AS "tokenConflicts", s.is_token_void AS "isTokenVoid", d.merchant_id AS "merchantId",
         s.platform_id AS "platformId", s.authorizer_appid AS "authorizerAppid", s.grant_gone AS "grantGone",
         s.grant_version AS "grantVersion", s.is_held AS "isHeld", s.is_probe AS "isProbe", s.is_call_begun AS "isCallBegun", s.token_sealed AS "tokenSealed",
         s.token_version AS "tokenVersion"`,
      [wanted.map(({ id }) => id), wanted.map(({ runId }) => runId)],
    );
    const byRunId = new Map(claimed.map((row) => [row.runId, row]));
    return asked.map(({ runId }) => byRunId.get(runId));
  }

  private async startAll(wanted: WantedCall[]): Promise<(string | undefined)[]> {
    const started = await prepared<{ id: string }>(
      this.dataSource.manager,
      'begin calls',
      // Locked in one order, as claims are.
      `WITH wanted AS (
         SELECT c.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS c (call_id, id, run_id, operation)
         JOIN deletions d ON d.id = c.id AND d.run_id = c.run_id
         WHERE d.id = ANY($2) AND d.finished_at IS NULL ORDER BY d.id FOR UPDATE OF d
       ), held AS (
         UPDATE deletions d SET running_until = now() + ${CLAIM_MS} * interval '1 ms', attempts = attempts + (c.operation = 'mass/delete')::int
         FROM wanted c WHERE d.id = ANY($2) AND d.id = c.id RETURNING c.call_id, d.id, c.operation
       )
       INSERT INTO deletion_attempts (id, deletion_id, operation) SELECT call_id, id, operation FROM held RETURNING id`,
      [
        wanted.map(({ id }) => id),
        wanted.map(({ run }) => run.id),
        wanted.map(({ run }) => run.runId),
        wanted.map(({ operation }) => operation),
      ],
    );
    const ids = new Set(started.map(({ id }) => id));
    return wanted.map(({ id }) => (ids.has(id) ? id : undefined));
  }

  private async finishAll(wanted: WantedEnd[]): Promise<void[]> {
    const calls = wanted.flatMap(({ call }) => call ?? []);
    const of = <T>(pick: (one: WantedEnd) => T) => wanted.map(pick);
    await prepared(
      this.dataSource.manager,
      'end deletions',
      `WITH called AS (
         UPDATE deletion_attempts a SET outcome = c.outcome, errcode = c.errcode, errmsg = c.errmsg, rid = c.rid,
           http_status = c.http_status, latency_ms = c.latency_ms, finished_at = now()
         FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::int[], $7::int[])
           AS c (id, outcome, errcode, errmsg, rid, http_status, latency_ms)
         WHERE a.id = ANY($1) AND a.id = c.id
       ), ended AS (
       UPDATE deletions d SET state = e.state, proof = e.proof, outcome_code = e.code, outcome_errcode = e.errcode,
         outcome_errmsg = e.errmsg, outcome_rid = e.rid, waiting_for = NULL, waiting_until = NULL, finished_at = now(),
         verify_at = CASE WHEN e.proof = 'acknowledged' AND d.article_idx = ${WHOLE_MESSAGE} THEN now() + ${verificationDelayMs(0)} * interval '1 ms' END
       FROM (
         -- Should two runners of one deletion end it at once, success is the fact.
         SELECT DISTINCT ON (id) *
         FROM unnest($8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::int[], $14::text[], $15::text[])
           AS t (id, run_id, state, proof, code, errcode, errmsg, rid)
         ORDER BY id, state DESC
       ) AS e
       WHERE d.id = ANY($8) AND d.id = e.id AND d.finished_at IS NULL AND (d.run_id = e.run_id OR e.state = 'succeeded')
       RETURNING d.*
       ) ${tellOf('ended')}`,
      [
        calls.map(({ id }) => id),
        ...columnsOf(calls.map(({ result }) => result)),
        of(({ run }) => run.id),
        of(({ run }) => run.runId),
        of(({ end }) => end.state),
        of(({ end }) => end.proof),
        of(({ end }) => end.outcome.code),
        of(({ end }) => end.outcome.errcode ?? null),
        of(({ end }) => end.outcome.errmsg ?? null),
        of(({ end }) => end.outcome.rid ?? null),
      ],
    );
    return wanted.map(() => undefined);
  }

  /** What WeChat answered is known once: a database that restarts shall not cost another of the day's calls. */
  async keep(write: () => Promise<unknown>): Promise<void> {
    const giveUpAt = performance.now() + KEEP_MS;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (performance.now() > Math.min(giveUpAt, this.closesAt)) throw error;
        this.logger.warn('an answer could not be stored yet', { error });
        await delay(KEEP_PAUSE_MS);
      }
    }
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

function runOf(row: ClaimedRow, { runId }: WantedClaim, askedAt: number): Omit<Run, 'callSlot'> {
  const { merchantId, platformId, authorizerAppid, grantVersion, grantGone, tokenSealed, tokenVersion } = row;
  return {
    id: row.id,
    runId,
    isUrgent: row.isUrgent,
    target: row.msgId ? { msgId: BigInt(row.msgId), articleIdx: row.articleIdx } : { url: row.url },
    retries: row.retries,
    hasSlot: !row.isSlotSpent,
    slotUntil: askedAt + SLOT_LIFE_MS - row.slotAgeMs,
    callBefore: lastCallAt(askedAt),
    isLastOutcomeUnknown: row.isLastOutcomeUnknown,
    isFirstAnswerLost: row.isFirstAnswerLost,
    tokenConflicts: row.tokenConflicts,
    tokenVersion: 0,
    hasMinted: false,
    wasTokenTaken: false,
    wasTokenRefused: row.isTokenVoid,
    final: row.finalCode === null ? undefined : finalOf(row, row.finalCode),
    begun: row.isCallBegun ? runId : undefined,
    lent: row.isCallBegun ? { sealed: tokenSealed, version: tokenVersion } : undefined,
    isHeld: row.isHeld,
    isProbe: row.isProbe,
    wasAnswered: false,
    merchant: { id: merchantId, platformId, authorizerAppid, grantVersion, grantGone },
  };
}

/** By performance.now(): when the last call may begin that ends within a claim. */
const lastCallAt = (claimedAt: number) => claimedAt + CLAIM_MS - CALL_MS;

const finalOf = (row: ClaimedRow, code: string): Outcome => ({
  code,
  errcode: row.finalErrcode ?? undefined,
  errmsg: row.finalErrmsg ?? undefined,
  rid: row.finalRid ?? undefined,
});

/** SQL over a deletion `d`: a delete call was made since it left its lane. */
const IS_SLOT_SPENT = `(d.attempts > 0 AND EXISTS (
  SELECT 1 FROM deletion_attempts a WHERE a.deletion_id = d.id AND a.operation = 'mass/delete' AND a.started_at >= d.dispatched_at))`;

/** One array for each column of the answers. */
const columnsOf = (results: CallResult[]): (string | number | null)[][] => [
  results.map(({ outcome }) => outcome),
  results.map(({ errcode }) => errcode ?? null),
  results.map(({ errmsg }) => errmsg ?? null),
  results.map(({ rid }) => rid ?? null),
  results.map(({ httpStatus }) => httpStatus ?? null),
  results.map(({ latencyMs }) => latencyMs),
];
