import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, statement } from '@app/database';
import { isMerchantOf } from '@app/merchants';
import type { Scope } from '@app/scope';
import { isEndedListed, isOpenListed } from '../deletion/conditions.js';
import type { DeletionState, WaitingFor } from '../deletion/states.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import { nextShanghaiMidnight, shanghaiDay } from '../pacing/shanghai-day.js';
import { SEEN_FROM, SEEN_STATE, SEEN_WAITING_FOR } from '../requests/deletion-view.js';

export interface OpenCount {
  state: Extract<DeletionState, 'scheduled' | 'queued' | 'running' | 'waiting'>;
  waitingFor: WaitingFor | null;
  count: number;
}

export interface QuotaLeft {
  accounts: number;
  left: number;
  resetsAt: Date;
}

/** Accounts for which another system mints access tokens, too. */
export interface ConflictCount {
  count: number;
  since: Date | null;
  /** Some of them, as authorizer_appids. */
  merchants: string[];
}

const CONFLICTS_NAMED = 10;

/** Figures over all merchants within a scope. Each reads all that is open, or all merchants: ask seldom. */
@Injectable()
export class DeletionFigures {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** What is open, by the state in which it looks to be and what it waits for. */
  async open(scope: Scope): Promise<OpenCount[]> {
    const { parameters, bind } = statement();
    return rows(
      this.dataSource,
      `SELECT ${SEEN_STATE} AS state, ${SEEN_WAITING_FOR} AS "waitingFor", count(*)::int AS count ${SEEN_FROM}
       WHERE ${isOpenListed('d')} AND ${await isMerchantOf(scope, 'm', bind, this.dataSource)} GROUP BY 1, 2`,
      parameters,
    );
  }

  /** Of the day's deletions, over the accounts of all eligible merchants, as `quota` says for one. */
  async quotaLeft(scope: Scope, now = new Date()): Promise<QuotaLeft> {
    const { parameters, bind } = statement(this.defaults.dailyLimit, shanghaiDay(now));
    const told = `COALESCE(a.learned_limit, $1)`;
    const [found] = await rows<Omit<QuotaLeft, 'resetsAt'>>(
      this.dataSource,
      `SELECT count(*)::int AS accounts, COALESCE(sum(GREATEST(0,
           CASE WHEN a.daily_limit IS NULL THEN ${told} WHEN a.is_daily_cap THEN LEAST(a.daily_limit, ${told})
                ELSE a.daily_limit END
           - CASE WHEN a.quota_day = $2::date THEN a.quota_used ELSE 0 END)), 0)::float8 AS "left"
       FROM (SELECT DISTINCT m.authorizer_appid FROM merchants m
             WHERE m.ineligible_reasons = '{}' AND ${await isMerchantOf(scope, 'm', bind, this.dataSource)}) AS account
       LEFT JOIN account_ledgers a ON a.authorizer_appid = account.authorizer_appid`,
      parameters,
    );
    return { accounts: 0, left: 0, ...found, resetsAt: nextShanghaiMidnight(now) };
  }

  /** There are few of them. */
  async tokenConflicts(scope: Scope): Promise<ConflictCount> {
    const { parameters, bind } = statement(CONFLICTS_NAMED);
    const [found] = await rows<ConflictCount>(
      this.dataSource,
      `SELECT count(*)::int AS count, min(tc.since) AS since,
         COALESCE((array_agg(m.authorizer_appid ORDER BY tc.since))[1:$1], '{}') AS merchants
       FROM token_conflicts tc JOIN merchants m ON m.id = tc.merchant_id
       WHERE tc.since IS NOT NULL AND ${await isMerchantOf(scope, 'm', bind, this.dataSource)}`,
      parameters,
    );
    return found ?? { count: 0, since: null, merchants: [] };
  }

  /** How many deletions of each of these takedowns have ended in the last minute. */
  async endedInAMinute(takedownIds: string[]): Promise<Map<string, number>> {
    const found = await rows<{ id: string; count: number }>(
      this.dataSource,
      `SELECT d.takedown_id AS id, count(*)::int AS count FROM deletions d
       WHERE ${isEndedListed('d')} AND d.finished_at > now() - interval '1 minute' AND d.takedown_id = ANY($1)
       GROUP BY 1`,
      [takedownIds],
    );
    return new Map(found.map(({ id, count }) => [id, count]));
  }
}
