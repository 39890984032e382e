import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, statement, type Bind, type Sql } from '@app/database';
import { askedWithin, type Scope } from '@app/scope';
import { PRUNED_DELETIONS } from '../requests/deletion-view.js';
import { DeletionViews } from '../requests/deletion-views.js';
import { knownArticles } from '../gone/known-gone.js';
import { noteOfProof, type DeletionState, type Proof } from '../deletion/states.js';
import { DeletionNotFound, PeriodNotOver } from '../errors.js';
import { Takedowns } from '../takedowns/takedowns.js';
import { endedIn, FIRST, PAGE, periodName, settledUntil, type Period } from './period.js';

/** What is said of one upstream call. The request is as it was sent, without the token. */
export interface ProvenCall {
  operation: 'mass/delete' | 'mass/get';
  request: { msg_id: string; article_idx?: number } | { url: string };
  /** The class of the answer; null when nobody saw one. */
  outcome: string | null;
  errcode: number | null;
  errmsg: string | null;
  rid: string | null;
  http_status: number | null;
  started_at: string;
  finished_at: string | null;
}

export interface DeletionRecord {
  type: 'deletion';
  id: string;
  merchant: string;
  component_appid: string;
  msg_id: string | null;
  article_idx: number | null;
  /** How many articles the message has, if the inventory knows: one beyond them never was. */
  message_articles: number | null;
  url: string | null;
  /**
   * The address that was asked for, where the inventory told which message it is of: by the takedown that is exported, where the
   * deletion was there before.
   */
  asked_url: string | null;
  state: DeletionState;
  proof: Proof;
  /** Of an inferred one: what is known, and what is not. Of one that is kept no more: what is left of it. */
  proof_note: string | null;
  outcome_code: string | null;
  errcode: number | null;
  errmsg: string | null;
  rid: string | null;
  /** Null, too, where `hidden` names it: it was asked for beyond the limits of whoever exports. */
  reason: string | null;
  hidden?: Hidden;
  /** The API key that asked, and its request. */
  requested_by: string | null;
  request_id: string | null;
  /** The takedown that made it: another one than that which is exported, where it was open before. */
  takedown: string | null;
  /** What the takedown that is exported has to do with it: whether it was there before, or had even succeeded. */
  counted_as: 'made' | 'already_open' | 'already_deleted' | null;
  created_at: string;
  finished_at: string | null;
  calls: ProvenCall[];
}

type Hidden = ['reason'];

/** Who asked for what, and when it was exported. */
interface SubjectHeader {
  type: 'header';
  /** Since 2 an export ends with a signature. */
  version: 2;
  subject: 'deletion' | 'takedown';
  id: string;
  state: string;
  reason: string | null;
  hidden?: Hidden;
  requested_by: string | null;
  request_id: string | null;
  created_at: string;
  finished_at: string | null;
  exported_at: string;
}

/** What ended when, and who exported it. */
interface PeriodHeader {
  type: 'header';
  version: 2;
  subject: 'period';
  id: string;
  finished_after: string;
  finished_before: string;
  /** The appids to which it is confined, by its filters or by the limits of the key. Null: none is left out. */
  platforms: readonly string[] | null;
  merchants: readonly string[] | null;
  requested_by: string;
  request_id: string;
  exported_at: string;
}

export type HeaderRecord = SubjectHeader | PeriodHeader;

export interface TrailerRecord {
  type: 'trailer';
  /** Of the deletions between header and trailer. */
  count: number;
}

export type ProofRecord = HeaderRecord | DeletionRecord | TrailerRecord;

/** SQL: whose records a part of a proof has. */
interface Part {
  /** `deletions`, or what looks like it. */
  from: string;
  /** Over a deletion `d`. */
  condition: (bind: Bind) => string;
}

/** Of the key that exports a period. */
export interface PeriodReader {
  scope: Scope;
  apiKeyId: string;
  requestId: string;
}

/** The evidence of what was done, record by record: however large the takedown or the period, only a page of it is in memory. */
@Injectable()
export class Proofs {
  constructor(
    private readonly dataSource: DataSource,
    private readonly deletions: DeletionViews,
    private readonly takedowns: Takedowns,
  ) {}

  /** @throws DeletionNotFound */
  async ofDeletion(scope: Scope, id: string, now: Date): Promise<AsyncGenerator<ProofRecord>> {
    const deletion = await this.deletions.get(scope, id);
    const from = deletion.isPruned ? PRUNED_DELETIONS : 'deletions';
    return this.records(
      scope,
      headerOf('deletion', deletion, now),
      [{ from, condition: () => 'd.id = $1' }],
      async () => {
        if ((await this.deletions.get(scope, id)).isPruned !== deletion.isPruned) throw new DeletionNotFound(id);
      },
    );
  }

  /** @throws TakedownNotFound */
  async ofTakedown(scope: Scope, id: string, now: Date): Promise<AsyncGenerator<ProofRecord>> {
    const header = headerOf('takedown', await this.takedowns.get(scope, id), now);
    const parts = [
      { from: 'deletions', condition: () => 'd.takedown_id = $1' },
      { from: 'deletions', condition: () => 'd.id IN (SELECT deletion_id FROM takedown_links WHERE takedown_id = $1)' },
      {
        from: PRUNED_DELETIONS,
        condition: () => 'd.id IN (SELECT deletion_id FROM takedown_links WHERE takedown_id = $1 AND was_deleted)',
      },
    ];
    return this.records(scope, header, parts, () => this.takedowns.get(scope, id));
  }

  /**
   * Of every deletion that ended in the period, however it ended. Nothing that ended in it is written down later: the same
   * period exported again has no more deletions. One that failed is not in it any more once it is retried.
   * @param within what is wanted of what the reader may reach
   * @throws PeriodNotOver
   */
  async ofPeriod(reader: PeriodReader, within: Scope, period: Period, now: Date): Promise<AsyncGenerator<ProofRecord>> {
    const until = await settledUntil(this.dataSource);
    if (period.to > until) throw new PeriodNotOver(until);
    return this.recordsOfPeriod(reader, within, period, now);
  }

  private async *recordsOfPeriod(
    reader: PeriodReader,
    within: Scope,
    period: Period,
    now: Date,
  ): AsyncGenerator<ProofRecord> {
    let count = 0;
    yield headerOfPeriod(reader, within, period, now);
    for await (const ids of endedIn(this.dataSource, within, period)) {
      if (ids.length === 0) continue;
      // What is retried in this moment has not ended in the period any more.
      const found = await this.page(
        reader.scope,
        null,
        {
          from: 'deletions',
          condition: (bind) => `d.id = ANY(${bind(ids)}) AND d.finished_at < ${bind(period.to)}`,
        },
        FIRST,
      );
      const byId = new Map(found.map((record) => [record.id, record]));
      yield* ids.flatMap((id) => byId.get(id) ?? []);
      count += found.length;
    }
    yield { type: 'trailer', count };
  }

  /**
   * @param stillKept throws if any of them may have been pruned meanwhile: then there is no end, and no signature
   */
  private async *records(
    scope: Scope,
    header: SubjectHeader,
    parts: Part[],
    stillKept: () => Promise<unknown>,
  ): AsyncGenerator<ProofRecord> {
    let count = 0;
    yield header;
    for (const part of parts) {
      let page: DeletionRecord[];
      let last = FIRST;
      do {
        page = await this.page(scope, header.id, part, last);
        yield* page;
        count += page.length;
        last = page.at(-1)?.id ?? last;
      } while (page.length === PAGE);
    }
    await stillKept();
    yield { type: 'trailer', count };
  }

  /**
   * Deletions and their calls as they were at one moment: those that are pruned meanwhile would be shown without calls.
   * @param id of what is exported, where it has one
   */
  private page(scope: Scope, id: string | null, part: Part, after: string): Promise<DeletionRecord[]> {
    return this.dataSource.transaction('REPEATABLE READ', (tx) => this.pageAt(tx, scope, id, part, after));
  }

  private async pageAt(
    sql: Sql,
    scope: Scope,
    id: string | null,
    part: Part,
    after: string,
  ): Promise<DeletionRecord[]> {
    const { parameters, bind } = statement(id, after);
    const isTold = askedWithin(scope, 'd.requested_by', bind);
    const found = await rows<DeletionRow>(
      sql,
      `SELECT d.id, m.authorizer_appid AS merchant, pl.component_appid, d.msg_id, d.article_idx,
         ${knownArticles({ merchantId: 'd.merchant_id', msgId: 'd.msg_id' })} AS message_articles,
         d.url, COALESCE((SELECT l.asked_url FROM takedown_links l WHERE l.takedown_id = $1 AND l.deletion_id = d.id), d.asked_url) AS asked_url,
         d.state, d.proof, d.outcome_code, d.outcome_errcode AS errcode, d.outcome_errmsg AS errmsg, d.outcome_rid AS rid,
         CASE WHEN ${isTold} THEN d.reason END AS reason, NOT ${isTold} AS is_hidden,
         ${part.from === PRUNED_DELETIONS} AS is_pruned, d.requested_by, d.request_id, d.takedown_id AS takedown,
         CASE WHEN d.takedown_id = $1 THEN 'made' ELSE (
           SELECT CASE WHEN l.was_deleted THEN 'already_deleted' ELSE 'already_open' END
           FROM takedown_links l WHERE l.takedown_id = $1 AND l.deletion_id = d.id) END AS counted_as, d.created_at, d.finished_at
       FROM ${part.from} d JOIN merchants m ON m.id = d.merchant_id JOIN platforms pl ON pl.id = m.platform_id
       WHERE ${part.condition(bind)} AND d.id > $2 ORDER BY d.id LIMIT ${PAGE}`,
      parameters,
    );
    const calls = await rows<CallRow>(
      sql,
      `SELECT deletion_id, operation, outcome, errcode, errmsg, rid, http_status, started_at, finished_at
       FROM deletion_attempts WHERE deletion_id = ANY($1) ORDER BY deletion_id, id`,
      [found.map((row) => row.id)],
    );
    const callsOf = new Map<string, CallRow[]>(found.map((row) => [row.id, []]));
    for (const call of calls) callsOf.get(call.deletion_id)?.push(call);
    return found.map((row) => recordOf(row, callsOf.get(row.id) ?? []));
  }
}

type DeletionRow = Omit<DeletionRecord, 'type' | 'calls' | 'proof_note' | 'hidden' | 'created_at' | 'finished_at'> & {
  is_hidden: boolean;
  is_pruned: boolean;
  created_at: Date;
  finished_at: Date | null;
};

type CallRow = Omit<ProvenCall, 'request' | 'started_at' | 'finished_at'> & {
  deletion_id: string;
  started_at: Date;
  finished_at: Date | null;
};

function recordOf({ is_hidden: isHidden, is_pruned: isPruned, ...row }: DeletionRow, calls: CallRow[]): DeletionRecord {
  return {
    type: 'deletion',
    ...row,
    ...hidden(isHidden),
    proof_note: noteOfProof(row.proof, isPruned),
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
    calls: calls.map(({ deletion_id: _of, operation, started_at, finished_at, ...answer }) => ({
      operation,
      request: requestOf(row, operation),
      ...answer,
      started_at: started_at.toISOString(),
      finished_at: finished_at?.toISOString() ?? null,
    })),
  };
}

const hidden = (isHidden = false): { hidden?: Hidden } => (isHidden ? { hidden: ['reason'] } : {});

function requestOf(
  { msg_id, article_idx, url }: Pick<DeletionRow, 'msg_id' | 'article_idx' | 'url'>,
  operation: ProvenCall['operation'],
): ProvenCall['request'] {
  if (msg_id === null) return { url: url ?? '' };
  return operation === 'mass/get' ? { msg_id } : { msg_id, article_idx: article_idx ?? 0 };
}

function headerOfPeriod(
  { apiKeyId, requestId }: PeriodReader,
  { platforms, merchants }: Scope,
  period: Period,
  now: Date,
): PeriodHeader {
  return {
    type: 'header',
    version: 2,
    subject: 'period',
    id: periodName(period),
    finished_after: period.from.toISOString(),
    finished_before: period.to.toISOString(),
    platforms,
    merchants,
    requested_by: apiKeyId,
    request_id: requestId,
    exported_at: now.toISOString(),
  };
}

function headerOf(
  subject: SubjectHeader['subject'],
  of: {
    id: string;
    state: string;
    reason: string | null;
    isHidden?: boolean;
    requestedBy: string | null;
    requestId: string | null;
    createdAt: Date;
    finishedAt: Date | null;
  },
  now: Date,
): SubjectHeader {
  return {
    type: 'header',
    version: 2,
    subject,
    id: of.id,
    state: of.state,
    reason: of.reason,
    ...hidden(of.isHidden),
    requested_by: of.requestedBy,
    request_id: of.requestId,
    created_at: of.createdAt.toISOString(),
    finished_at: of.finishedAt?.toISOString() ?? null,
    exported_at: now.toISOString(),
  };
}
