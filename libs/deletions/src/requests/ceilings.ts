import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { prepared, rows, type Sql } from '@app/database';
import type { Scope } from '@app/scope';
import { isOpenListed } from '../deletion/conditions.js';
import { EtaTooLate, PendingTooMany } from '../errors.js';
import { LaneForecasts, type ForecastLane } from '../lanes/lane-forecasts.js';
import { Counts, FAR, isFresh, pendingOf, type Counted } from './counts.js';

/** 0: none. */
export interface CeilingLimits {
  /** Open deletions of one merchant that one tenant, or one key of the provider, has asked for. */
  pendingPerMerchant: number;
  /** Open deletions in all: of one key of the provider, and of the keys of one tenant together. */
  pendingPerKey: number;
  pendingPerTenant: number;
  /** So many days after it is wanted a deletion may leave its lane; a later one has to say that it may. */
  etaDays: number;
}

export const CEILINGS = Symbol('CEILINGS');
export const NO_CEILINGS: CeilingLimits = { pendingPerMerchant: 0, pendingPerKey: 0, pendingPerTenant: 0, etaDays: 0 };

/** Who asks. A key with limits is a tenant's: Postgres knows with which others it is counted (keys_counted_with). */
export interface Asker {
  /** The API key. */
  requestedBy: string;
  scope: Scope;
}

export interface Wanted {
  isUrgent: boolean;
  notBefore?: Date | null | undefined;
  allowLate?: boolean | undefined;
}

/** At a lane, by one who asks. */
export interface Looked {
  refusal: PendingTooMany | EtaTooLate | undefined;
}

/** Fewer open deletions in a lane come near to no ceiling, and are not worth a look. */
const FEW = 8;
const DAY_MS = 24 * 60 * 60_000;

interface CountedLane extends Counted {
  merchantId: string;
  lane: ForecastLane | undefined;
}

/**
 * How much one asker may heap up, and how late a deletion may come. What is accepted must not wait for a count each
 * time: a process counts once a second at most, however many ask at that moment, adds what it accepts itself, and does
 * not count a lane that has few. Far from a ceiling, a count of the last minute will do. So several processes together
 * may pass a ceiling by what they accept between two counts: each by a quarter of it at most, and a second's work.
 */
@Injectable()
export class Ceilings {
  private readonly totals = new Counts<Counted>();
  private readonly lanes = new Counts<CountedLane>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly forecasts: LaneForecasts,
    @Inject(CEILINGS) readonly limits: CeilingLimits,
  ) {}

  /** A lane with so many open deletions is looked at; 0: none is. */
  get few(): number {
    const { pendingPerMerchant: most, etaDays } = this.limits;
    if (most === 0) return etaDays === 0 ? 0 : FEW;
    return Math.min(FEW, most);
  }

  /** What keeps the asker from one more deletion, whichever the merchant. */
  async ofAll(asker: Asker, sql: Sql = this.dataSource): Promise<PendingTooMany | undefined> {
    const { ceiling, limit } = this.totalOf(asker);
    if (limit === 0) return undefined;
    const { requestedBy } = asker;
    const count = async (through: Sql) => ({ pending: await this.countAll(asker, through) });
    const known = this.totals.recall(requestedBy, limit, () => count(this.dataSource));
    const counted = known ?? (await this.totals.count(requestedBy, () => count(sql)));
    return this.refusalOfTotal(pendingOf(counted), ceiling, limit);
  }

  /**
   * What keeps the asker from one more deletion of a merchant whose lane it has looked at before.
   * @param merchant as the request names it
   * @returns undefined when it has not
   */
  async ofKnownMerchant(
    asker: Asker,
    merchant: string,
    wanted: Wanted,
    sql?: EntityManager,
  ): Promise<Looked | undefined> {
    const key = `${asker.requestedBy} ${merchant}`;
    const lane = this.lanes.recall(key, this.limits.pendingPerMerchant, ({ merchantId }) =>
      this.look(asker, merchantId),
    );
    const refusal = lane && this.refusalOf(lane, lane.lane, wanted);
    if (lane && isFresh(lane, refusal !== undefined)) return { refusal };
    // What is old is good for whoever would not even be refused by a part of the ceilings.
    if (lane && !this.refusalOf(lane, lane.lane, wanted, FAR)) return { refusal: undefined };
    const last = this.lanes.last(key);
    return last && this.ofMerchant(asker, merchant, last.merchantId, wanted, sql);
  }

  /** What keeps the asker from one more deletion of this merchant. @param merchant as the request names it */
  async ofMerchant(asker: Asker, merchant: string, id: string, wanted: Wanted, sql?: EntityManager): Promise<Looked> {
    const counted = await this.lanes.count(`${asker.requestedBy} ${merchant}`, () => this.look(asker, id, sql));
    return { refusal: this.refusalOf(counted, counted.lane, wanted) };
  }

  /** By prepared statements: a request waits for them. */
  private async look({ requestedBy }: Asker, merchantId: string, sql: EntityManager = this.dataSource.manager) {
    const values = [requestedBy, [merchantId]];
    const [counted] = await prepared<{ pending: number }>(sql, 'count pending of one merchant', COUNT_EACH, values);
    return { merchantId, pending: counted?.pending ?? 0, lane: await this.forecasts.lane(merchantId, sql) };
  }

  /** One more was accepted. */
  note({ requestedBy }: Asker, merchant: string): void {
    this.totals.add(requestedBy);
    this.lanes.add(`${requestedBy} ${merchant}`);
  }

  /**
   * What keeps one more from a lane in which so many of the asker's were pending, and more have come since.
   * @param share of the ceilings
   */
  refusalOf(
    { pending, added }: Pick<Counted, 'pending' | 'added'>,
    lane: ForecastLane | undefined,
    wanted: Wanted,
    share = 1,
  ): Looked['refusal'] {
    const { pendingPerMerchant, etaDays } = this.limits;
    if (pendingPerMerchant > 0 && pending + added >= pendingPerMerchant * share) {
      return new PendingTooMany('merchant', pendingPerMerchant);
    }
    if (etaDays === 0 || wanted.allowLate || !lane) return undefined;
    const wantedAt = new Date(Math.max(lane.now.getTime(), wanted.notBefore?.getTime() ?? 0));
    const eta = this.forecasts.etaOfNext(lane, added, wanted.isUrgent, wantedAt);
    const latest = new Date(wantedAt.getTime() + etaDays * share * DAY_MS);
    return eta !== null && eta > latest ? new EtaTooLate(eta, latest, etaDays) : undefined;
  }

  refusalOfTotal(pending: number, ceiling: 'key' | 'tenant', limit: number): PendingTooMany | undefined {
    return limit > 0 && pending >= limit ? new PendingTooMany(ceiling, limit) : undefined;
  }

  totalOf({ scope }: Asker): { ceiling: 'key' | 'tenant'; limit: number } {
    const isTenant = scope.platforms !== null || scope.merchants !== null;
    return isTenant
      ? { ceiling: 'tenant', limit: this.limits.pendingPerTenant }
      : { ceiling: 'key', limit: this.limits.pendingPerKey };
  }

  /** Of all of the asker's, with what its takedowns have put by; not beyond the ceiling. */
  async countAll(asker: Asker, sql: Sql = this.dataSource): Promise<number> {
    const [counted] = await rows<{ pending: number }>(
      sql,
      `WITH keys AS MATERIALIZED (SELECT array_agg(id) AS ids FROM keys_counted_with($1) AS id)
       SELECT (
         SELECT count(*) FROM (
           SELECT 1 FROM deletions d
           WHERE d.requested_by = ANY((SELECT ids FROM keys)::uuid[]) AND ${isOpenListed('d')} LIMIT $2) AS counted
       )::int + (
         SELECT count(*) FROM (
           SELECT 1 FROM takedowns t JOIN takedown_items i ON i.takedown_id = t.id
           WHERE t.finished_at IS NULL AND t.state IN ('receiving', 'starting')
             AND t.requested_by = ANY((SELECT ids FROM keys)::uuid[])
           LIMIT $2) AS counted
       )::int AS pending`,
      [asker.requestedBy, this.totalOf(asker).limit],
    );
    return counted?.pending ?? 0;
  }

  /** Of each of these merchants; one that has none is left out. */
  async countEach({ requestedBy }: Asker, merchantIds: string[]): Promise<Map<string, number>> {
    const counted = await rows<{ merchantId: string; pending: number }>(this.dataSource, COUNT_EACH, [
      requestedBy,
      merchantIds,
    ]);
    return new Map(counted.map(({ merchantId, pending }) => [merchantId, pending]));
  }

  /** Those of the merchants in whose lanes there are not few. */
  async crowdedAmong(merchantIds: string[]): Promise<Set<string>> {
    const found = await rows<{ id: string }>(
      this.dataSource,
      `SELECT m.id FROM unnest($1::uuid[]) AS m (id)
       WHERE EXISTS (SELECT 1 FROM deletions o WHERE o.merchant_id = m.id AND o.finished_at IS NULL OFFSET $2 LIMIT 1)`,
      [merchantIds, this.few - 1],
    );
    return new Set(found.map(({ id }) => id));
  }

  lanesOf(merchantIds: string[]): Promise<ForecastLane[]> {
    return this.forecasts.lanes(merchantIds);
  }
}

/** SQL: how many open deletions of each of the merchants $2 are counted with those of the key $1. */
const COUNT_EACH = `
  SELECT merchant_id AS "merchantId", count(*)::int AS pending FROM deletions d
  WHERE requested_by = ANY(ARRAY(SELECT keys_counted_with($1))) AND merchant_id = ANY($2)
    AND ${isOpenListed('d')} GROUP BY 1`;
