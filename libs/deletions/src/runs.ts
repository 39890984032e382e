import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { GRANT_GONE } from './grant-gone.js';
import { Lanes } from './lanes.js';
import type { Proof } from './states.js';
import type { Target } from './target.js';

/** A deletion that this process may run until its claim ends. */
export interface Run {
  id: string;
  runId: string;
  isUrgent: boolean;
  target: Target;
  retries: number;
  /** A slot of the lane is paid for and no delete call has used it yet. A further call needs a slot of its own. */
  hasSlot: boolean;
  /** The last delete call may have taken effect: nobody has seen its answer. */
  isLastOutcomeUnknown: boolean;
  merchant: { id: string; platformId: string; authorizerAppid: string; grantVersion: number; grantGone: string | null };
}

export type Claim =
  | { claimed: true; run: Run }
  /** Nothing to do, or somebody else's for that long. */
  | { claimed: false; retryAfterMs?: number };

/** What came of an upstream call. `outcome` is the class of the answer, `accepted` when it was none of the failures. */
export interface CallResult {
  outcome: string;
  errcode?: number | undefined;
  errmsg?: string | undefined;
  rid?: string | undefined;
  httpStatus?: number | undefined;
  latencyMs: number;
}

export interface Outcome {
  code: string;
  errcode?: number | undefined;
  errmsg?: string | undefined;
  rid?: string | undefined;
}

/** Longer than a token and a call can take together. Renewed with every call. */
const CLAIM_MS = 30_000;

interface ClaimedRow {
  msgId: string | null;
  articleIdx: number;
  url: string;
  isUrgent: boolean;
  retries: number;
  isSlotSpent: boolean;
  isLastOutcomeUnknown: boolean;
  merchantId: string;
  platformId: string;
  authorizerAppid: string;
  grantGone: string | null;
  grantVersion: number;
}

/** What happens to a deletion's rows while it runs. Each method is one statement, so that a kill leaves no half step. */
@Injectable()
export class Runs {
  private readonly logger = new Logger(Runs.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly lanes: Lanes,
  ) {}

  /** Takes a dispatched deletion that nobody runs, or whose runner's claim has ended. */
  async claim(id: string): Promise<Claim> {
    const runId = uuidv7();
    const [row] = await rows<ClaimedRow>(
      this.dataSource,
      `UPDATE deletions d SET state = 'running', waiting_for = NULL, waiting_until = NULL, run_id = $2,
         running_until = now() + $3 * interval '1 ms'
       FROM merchants m
       WHERE d.id = $1 AND m.id = d.merchant_id AND d.finished_at IS NULL AND d.dispatched_at IS NOT NULL
         AND (d.running_until IS NULL OR d.running_until < now())
       RETURNING d.msg_id AS "msgId", d.article_idx AS "articleIdx", d.url, d.is_urgent AS "isUrgent", d.retries,
         EXISTS (SELECT 1 FROM deletion_attempts a WHERE a.deletion_id = d.id AND a.operation = 'mass/delete'
           AND a.started_at >= d.dispatched_at) AS "isSlotSpent", m.id AS "merchantId", m.platform_id AS "platformId",
         m.authorizer_appid AS "authorizerAppid", ${GRANT_GONE} AS "grantGone", m.grant_version AS "grantVersion",
         COALESCE((SELECT a.outcome IS NULL OR a.outcome IN ('unknown_outcome', 'already_gone') FROM deletion_attempts a
           WHERE a.deletion_id = d.id AND a.operation = 'mass/delete' ORDER BY a.started_at DESC, a.id DESC LIMIT 1), false) AS "isLastOutcomeUnknown"`,
      [id, runId, CLAIM_MS],
    );
    if (!row) return this.whyNot(id);
    const { merchantId, platformId, authorizerAppid, grantVersion, grantGone } = row;
    return {
      claimed: true,
      run: {
        id,
        runId,
        isUrgent: row.isUrgent,
        target: row.msgId ? { msgId: BigInt(row.msgId), articleIdx: row.articleIdx } : { url: row.url },
        retries: row.retries,
        hasSlot: !row.isSlotSpent,
        isLastOutcomeUnknown: row.isLastOutcomeUnknown,
        merchant: { id: merchantId, platformId, authorizerAppid, grantVersion, grantGone },
      },
    };
  }

  /** Writes down that a call is about to be made. @returns its id, or undefined when the claim is lost */
  async startCall(run: Run, operation: 'mass/delete' | 'mass/get'): Promise<string | undefined> {
    const [started] = await rows<{ id: string }>(
      this.dataSource,
      `WITH held AS (
         UPDATE deletions SET running_until = now() + $5 * interval '1 ms', attempts = attempts + CASE WHEN $4 = 'mass/delete' THEN 1 ELSE 0 END
         WHERE id = $2 AND run_id = $3 AND finished_at IS NULL RETURNING id
       )
       INSERT INTO deletion_attempts (id, deletion_id, operation) SELECT $1, id, $4 FROM held RETURNING id`,
      [uuidv7(), run.id, run.runId, operation, CLAIM_MS],
    );
    return started?.id;
  }

  /** The answer of a call after which the deletion goes on. */
  async finishCall(callId: string, result: CallResult): Promise<void> {
    await this.dataSource.query(`UPDATE deletion_attempts SET ${SET_RESULT(2)} WHERE id = $1`, [
      callId,
      ...resultValues(result),
    ]);
  }

  /**
   * The end of a deletion, with the answer that decided it. That WeChat deleted is a fact, whoever holds the claim by now;
   * a failure is for the holder to decide.
   */
  async finish(
    run: Run,
    end: { state: 'succeeded' | 'failed'; proof: Proof; outcome: Outcome },
    call?: { id: string; result: CallResult },
  ): Promise<void> {
    const { state, proof, outcome } = end;
    this.logger.log('deletion finished', { deletion_id: run.id, result: state, code: outcome.code, proof });
    await this.dataSource.query(
      `WITH call AS (UPDATE deletion_attempts SET ${SET_RESULT(8)} WHERE id = $14)
       UPDATE deletions SET state = $2, proof = $3, outcome_code = $4, outcome_errcode = $5, outcome_errmsg = $6, outcome_rid = $7,
         waiting_for = NULL, waiting_until = NULL, finished_at = now()
       WHERE id = $1 AND finished_at IS NULL AND (run_id = $15 OR $2 = 'succeeded')`,
      [
        run.id,
        state,
        proof,
        outcome.code,
        outcome.errcode ?? null,
        outcome.errmsg ?? null,
        outcome.rid ?? null,
        ...resultValues(call?.result),
        call?.id ?? null,
        run.runId,
      ],
    );
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

  /** Back into the lane, to its old place for lack of a slot, or to wait for somebody. */
  async giveBack(run: Run, wait?: { for: 'merchant_admin' | 'platform'; pauseMs: number }): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [back] = await rows<{ readyAt: Date }>(
        tx,
        `UPDATE deletions SET state = $3, waiting_for = $4,
           ready_at = CASE WHEN $4::text IS NULL THEN ready_at ELSE now() + $5 * interval '1 ms' END,
           waiting_until = CASE WHEN $4::text IS NOT NULL THEN now() + $5 * interval '1 ms' END,
           dispatched_at = NULL, run_id = NULL, running_until = NULL
         WHERE id = $1 AND run_id = $2 AND finished_at IS NULL RETURNING ready_at AS "readyAt"`,
        [run.id, run.runId, wait ? 'waiting' : 'queued', wait?.for ?? null, wait?.pauseMs ?? 0],
      );
      if (back) await this.lanes.wake(tx, run.merchant.id, back.readyAt);
    });
  }

  /** Dispatched deletions that may have lost their job: those whose claim, wait or dispatch is over for a while. */
  async withoutProgress(olderThanMs: number, limit: number): Promise<{ id: string; requestId: string }[]> {
    return rows(
      this.dataSource,
      `SELECT id, request_id AS "requestId" FROM deletions
       WHERE finished_at IS NULL AND dispatched_at IS NOT NULL
         AND GREATEST(dispatched_at, running_until, waiting_until) < now() - $1 * interval '1 ms'
       ORDER BY dispatched_at LIMIT $2`,
      [olderThanMs, limit],
    );
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

const SET_RESULT = (first: number) =>
  ['outcome', 'errcode', 'errmsg', 'rid', 'http_status', 'latency_ms']
    .map((column, index) => `${column} = $${first + index}`)
    .join(', ') + ', finished_at = now()';

const resultValues = (result?: CallResult) => [
  result?.outcome ?? null,
  result?.errcode ?? null,
  result?.errmsg ?? null,
  result?.rid ?? null,
  result?.httpStatus ?? null,
  result?.latencyMs ?? null,
];
