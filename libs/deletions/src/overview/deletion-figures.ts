import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, statement } from '@app/database';
import { isInRange, isMerchantOf, type AppidRange } from '@app/merchants';
import type { Scope } from '@app/scope';
import { isEndedListed, isOpenListed } from '../deletion/conditions.js';
import type { DeletionState, WaitingFor } from '../deletion/states.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import { nextShanghaiMidnight, shanghaiDay } from '../pacing/shanghai-day.js';
import { oneByOne, SEEN_STATE, SEEN_WAITING_FOR } from '../requests/deletion-view.js';

export interface OpenCount {
  state: Extract<DeletionState, 'scheduled' | 'queued' | 'running' | 'waiting'>;
  waitingFor: WaitingFor | null;
  count: number;
}

/** Accounts that the same platforms can serve. */
export interface AccountQuotas {
  platformIds: string[];
  accounts: number;
  /** Of all of them, for a day. */
  limits: number;
  /** What they have used of these on a day in Shanghai, YYYY-MM-DD. */
  used: number;
  day: string;
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

/** Figures over all merchants within a scope. Each reads all that is open, or these merchants: ask seldom. */
@Injectable()
export class DeletionFigures {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** What is open, by the state in which it looks to be and what it waits for. */
  async open(scope: Scope): Promise<OpenCount[]> {
    const { parameters, bind } = statement();
    const ofMerchants = scope.merchants
      ? `merchant_id IN (SELECT id FROM merchants WHERE authorizer_appid = ANY(${bind(scope.merchants)}))`
      : 'TRUE';
    return rows(
      this.dataSource,
      // Those that look the same in one lane are counted first, so that it is looked up once, by its index.
      `SELECT ${SEEN_STATE} AS state, ${SEEN_WAITING_FOR} AS "waitingFor", sum(d.count)::int AS count
       ${oneByOne(`(
         SELECT merchant_id, state, is_urgent, waiting_for, NULL::timestamptz AS finished_at, ${ALIKE}, count(*)
         FROM deletions o WHERE ${isOpenListed('o')} AND ${ofMerchants} GROUP BY 1, 2, 3, 4, 5, 6, 7)`)}
       WHERE ${await isMerchantOf(scope, 'm', bind, this.dataSource)} GROUP BY 1, 2`,
      parameters,
    );
  }

  /** What the accounts of eligible merchants have of the day's deletions, as `quota` says for one. */
  async quotas(of: Scope | AppidRange, now = new Date()): Promise<AccountQuotas[]> {
    const day = shanghaiDay(now);
    const { parameters, bind } = statement(this.defaults.dailyLimit, day);
    const isRange = 'after' in of;
    const within = isRange ? isInRange(of, 'm', bind) : await isMerchantOf(of, 'm', bind, this.dataSource);
    const told = `COALESCE(a.learned_limit, $1)`;
    const found = await rows<Omit<AccountQuotas, 'day'>>(
      this.dataSource,
      `SELECT "platformIds", count(*)::int AS accounts, sum(daily)::float8 AS limits,
         sum(LEAST(daily, CASE WHEN quota_day = $2::date THEN quota_used ELSE 0 END))::float8 AS used
       FROM (
         SELECT account."platformIds", a.quota_day, a.quota_used, GREATEST(0,
           CASE WHEN a.daily_limit IS NULL THEN ${told} WHEN a.is_daily_cap THEN LEAST(a.daily_limit, ${told})
                ELSE a.daily_limit END) AS daily
         FROM (SELECT m.authorizer_appid, array_agg(m.platform_id ORDER BY m.platform_id) AS "platformIds"
               FROM merchants m WHERE m.ineligible_reasons = '{}' AND ${within} GROUP BY 1) AS account
         LEFT JOIN account_ledgers a ON a.authorizer_appid = account.authorizer_appid
           ${isRange ? `AND ${isInRange(of, 'a', bind)}` : ''}) AS each_one
       GROUP BY 1`,
      parameters,
    );
    return found.map((quotas) => ({ ...quotas, day }));
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

/** SQL over a deletion `o`: a column each of what its lane is taken for to say how it looks. */
const ALIKE = `CASE WHEN dispatched_at IS NOT NULL THEN now() END AS dispatched_at,
  CASE WHEN ready_at <= now() THEN now() ELSE 'infinity' END AS ready_at`;

/** Of the day that it is, with what was counted on others: since then, nothing was used. */
export function quotaLeft(quotas: AccountQuotas[], now = new Date()): QuotaLeft {
  const today = shanghaiDay(now);
  const sum = (of: (one: AccountQuotas) => number) => quotas.reduce((total, one) => total + of(one), 0);
  return {
    accounts: sum(({ accounts }) => accounts),
    left: sum(({ limits, used, day }) => limits - (day === today ? used : 0)),
    resetsAt: nextShanghaiMidnight(now),
  };
}
