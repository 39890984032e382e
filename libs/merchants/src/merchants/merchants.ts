import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, In, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { binderOf, prepared, rows, statement } from '@app/database';
import { askedWithin, formOf, isEverything, type Scope } from '@app/scope';
import type { AuthorizerInfo } from '@app/wechat';
import { MerchantNotFound, PlatformRequired, RefNotYours } from '../errors.js';
import { PlatformRow } from '../platforms/platform.entity.js';
import { Platforms } from '../platforms/platforms.js';
import { isInRange, isMerchantOf, onPlatformsOf, type AppidRange } from '../platforms/platforms-in-scope.js';
import { ineligibleReasonCodes, type IneligibleReason, type MerchantState } from './eligibility.js';
import { EligibilityChanges } from './eligibility-changes.js';
import { Merchant } from './merchant.entity.js';
import { merchantInScope } from './merchants-in-scope.js';
import { foundPage, hasWords, LOOKED_AT, type FoundPage, type Looked } from './search.js';

/** Who names a merchant. */
export interface Namer {
  apiKeyId: string;
  scope: Scope;
}

export interface MerchantFilter {
  isEligible?: boolean | undefined;
  areFactsUnknown?: boolean | undefined;
  state?: MerchantState | undefined;
  /** One of those why it cannot be served. */
  reason?: IneligibleReason | undefined;
  platformId?: string | undefined;
  /** The provider's own name, exactly. */
  ref?: string | undefined;
  /** Within a name, the appid or the ref; or a whole appid. */
  words?: string | undefined;
}

/** How many merchants of a platform can be served, and how many cannot, by reason. */
export interface MerchantCounts {
  platformId: string;
  merchants: number;
  eligible: number;
  factsUnknown: number;
  /** Of how many WeChat does not tell the facts, however often it is asked, and since when that is so. */
  factsUnreadable: number;
  factsUnreadableSince: Date | null;
  /** A merchant may have several. */
  reasons: Record<IneligibleReason, number>;
}

export interface MerchantPage extends MerchantFilter {
  limit: number;
  /** The id after which the page starts. */
  after?: string | undefined;
}

/** A merchant's id. */
interface Place {
  id: string;
}

/** What a search reads of a merchant. */
const SEARCHED = `concat_ws(chr(10), merchant.nickName, merchant.principalName, merchant.ref, merchant.authorizerAppid,
  merchant.userName)`;

@Injectable()
export class Merchants {
  /** Over `merchants m`: what a row has to be called to be a Merchant. */
  private readonly columns: string;

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(Merchant) private readonly repository: Repository<Merchant>,
    private readonly platforms: Platforms,
    private readonly eligibility: EligibilityChanges,
  ) {
    const { columns } = repository.metadata;
    this.columns = columns.map(({ databaseName, propertyName }) => `m.${databaseName} AS "${propertyName}"`).join(', ');
  }

  /**
   * The merchant of that appid; its platform need be named only where the account authorized several. What is out of
   * scope is not found, as if it were not there. Within a transaction pass it on: a second connection per request
   * starves the pool when many wait for one.
   * @throws MerchantNotFound, PlatformNotFound, PlatformRequired
   */
  async find(
    scope: Scope,
    authorizerAppid: string,
    componentAppid?: string,
    tx: EntityManager = this.dataSource.manager,
  ): Promise<Merchant> {
    const platform = componentAppid === undefined ? undefined : await this.platforms.get(scope, componentAppid, tx);
    const { parameters, bind } = statement(authorizerAppid, platform?.id ?? null);
    // Every request about a merchant begins with this: entities take longer to be built than rows to be found.
    const found = await prepared<Merchant>(
      tx,
      `find a merchant${formOf(scope)}`,
      `SELECT ${this.columns} FROM merchants m
       WHERE m.authorizer_appid = $1 AND ($2::uuid IS NULL OR m.platform_id = $2)
         AND ${merchantInScope(scope, 'm.id', bind)}`,
      parameters,
    );
    const [merchant] = found;
    if (!merchant) throw new MerchantNotFound(authorizerAppid);
    if (found.length > 1) throw new PlatformRequired(authorizerAppid, await this.componentAppids(tx, found));
    return merchant;
  }

  async byId(id: string): Promise<Merchant> {
    return this.repository.findOneByOrFail({ id });
  }

  /** Words that are a whole appid find its merchants and nothing else. */
  async list(scope: Scope, { words, limit, after, ...filter }: MerchantPage): Promise<FoundPage<Merchant, Place>> {
    const from = after === undefined ? undefined : { id: after };
    const look = (by: MerchantFilter & { appid?: string }) =>
      foundPage((most, place) => this.looked(scope, { ...filter, ...by }, most, place), limit, from);
    const named = words !== undefined && (await look({ appid: words }));
    const { found, next } = named && named.found.length > 0 ? named : await look({ words });
    const ids = found.map(({ id }) => id);
    return { found: await this.repository.find({ where: { id: In(ids) }, order: { id: 'ASC' } }), next };
  }

  /** The appid of so many merchants further on. Null: there are fewer. @param after an appid, or nothing */
  async appidBeyond(after: string, merchants: number): Promise<string | null> {
    const [found] = await rows<{ appid: string }>(
      this.dataSource,
      `SELECT authorizer_appid AS appid FROM merchants WHERE authorizer_appid > $1
       ORDER BY authorizer_appid OFFSET $2 LIMIT 1`,
      [after, merchants - 1],
    );
    return found?.appid ?? null;
  }

  /** By platform; one without merchants is left out. Reads all these merchants: ask for few, or seldom. */
  async counts(of: Scope | AppidRange): Promise<MerchantCounts[]> {
    const { parameters, bind } = statement();
    const within = 'after' in of ? isInRange(of, 'm', bind) : await isMerchantOf(of, 'm', bind, this.dataSource);
    const reasons = ineligibleReasonCodes.map(
      (code) => `'${code}', count(*) FILTER (WHERE '${code}' = ANY(m.ineligible_reasons))`,
    );
    const isUnreadable = `m.state = 'authorized' AND m.facts_failing_since < now() - interval '15 min'`;
    return rows(
      this.dataSource,
      `SELECT m.platform_id AS "platformId", count(*)::int AS merchants,
         count(*) FILTER (WHERE m.ineligible_reasons = '{}')::int AS eligible,
         count(*) FILTER (WHERE m.state = 'authorized' AND m.facts_read_at IS NULL)::int AS "factsUnknown",
         count(*) FILTER (WHERE ${isUnreadable})::int AS "factsUnreadable",
         min(m.facts_failing_since) FILTER (WHERE ${isUnreadable}) AS "factsUnreadableSince",
         jsonb_build_object(${reasons.join(', ')}) AS reasons
       FROM merchants m WHERE ${within} GROUP BY 1`,
      parameters,
    );
  }

  private async looked(
    scope: Scope,
    { words, appid, ...filter }: MerchantFilter & { appid?: string },
    limit: number,
    after: Place | undefined,
  ): Promise<(Place & Looked)[]> {
    const query = (await this.matching(scope, filter)).select('merchant.id', 'id').limit(limit);
    if (after) query.andWhere('merchant.id > :after', { after: after.id });
    if (appid !== undefined) query.andWhere('merchant.authorizerAppid = :appid', { appid });
    if (words === undefined) return query.getRawMany();
    query.addSelect(hasWords(SEARCHED, words, binderOf(query)), 'fits');
    query.addSelect(`row_number() OVER (ORDER BY merchant.id) = ${LOOKED_AT}`, 'is_last');
    const [text, parameters] = query.limit(LOOKED_AT).getQueryAndParameters();
    return rows(
      this.dataSource,
      `SELECT id, fits, is_last AS "isLast" FROM (${text}) AS looked WHERE fits OR is_last ORDER BY id LIMIT ${limit}`,
      parameters,
    );
  }

  private async matching(scope: Scope, filter: MerchantFilter): Promise<SelectQueryBuilder<Merchant>> {
    const { isEligible, areFactsUnknown, state, reason, platformId, ref } = filter;
    const query = this.repository.createQueryBuilder('merchant').orderBy('merchant.id');
    query.where(await onPlatformsOf(scope, 'merchant.platformId', binderOf(query), this.dataSource));
    if (scope.merchants) query.andWhere('merchant.authorizerAppid = ANY(:merchants)', { merchants: scope.merchants });
    if (isEligible !== undefined) query.andWhere(`merchant.ineligibleReasons ${isEligible ? '=' : '<>'} '{}'`);
    // As areFactsUnknown says.
    const unknown = `(merchant.state = 'authorized' AND merchant.factsReadAt IS NULL)`;
    if (areFactsUnknown !== undefined) query.andWhere(areFactsUnknown ? unknown : `NOT ${unknown}`);
    if (state) query.andWhere('merchant.state = :state', { state });
    if (reason) query.andWhere(hasReason(reason));
    if (platformId) query.andWhere('merchant.platformId = :platformId', { platformId });
    if (ref !== undefined) query.andWhere('merchant.ref = :ref', { ref });
    return query;
  }

  /**
   * The provider finds merchants by their names. So a key with limits, which may be in a hostile tenant's hands, replaces
   * none that was not given within its limits.
   * @throws RefNotYours
   */
  async setRef(tx: EntityManager, id: string, ref: string | null, by: Namer): Promise<void> {
    const { parameters, bind } = statement(id, ref, by.apiKeyId);
    const isItsOwn = isEverything(by.scope) ? 'TRUE' : `(ref IS NULL OR ${askedWithin(by.scope, 'ref_set_by', bind)})`;
    const named = await rows(
      tx,
      `UPDATE merchants SET ref = $2, updated_at = now(),
         ref_set_by = CASE WHEN ${isItsOwn} THEN $3::uuid ELSE ref_set_by END
       WHERE id = $1 AND (${isItsOwn} OR ref = $2) RETURNING id`,
      parameters,
    );
    if (named.length === 0) throw new RefNotYours();
  }

  /** @returns false where the merchant has a name already, which stays */
  async giveRef(tx: EntityManager, id: string, ref: string, givenBy: string): Promise<boolean> {
    const given = await rows(
      tx,
      `UPDATE merchants SET ref = $2, ref_set_by = $3, updated_at = now() WHERE id = $1 AND ref IS NULL RETURNING id`,
      [id, ref, givenBy],
    );
    return given.length === 1;
  }

  /**
   * Whether a request may have the merchant's facts read anew: once a minute, whoever asks, since all merchants of a
   * platform share what WeChat gives it for a day.
   * @param alongside in the same transaction, if it may
   */
  async claimRefresh(id: string, alongside: (tx: EntityManager) => Promise<void>): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const claimed = await rows(
        tx,
        `UPDATE merchants SET refresh_asked_at = now()
         WHERE id = $1 AND (refresh_asked_at IS NULL OR refresh_asked_at <= now() - interval '1 minute') RETURNING id`,
        [id],
      );
      if (claimed.length === 1) await alongside(tx);
      return claimed.length === 1;
    });
  }

  /**
   * Claims merchants whose account facts are older than a day or than the grant, the oldest first. Those that were
   * asked for within the hour are left out, whether or not anything came of it. For facts that were never read, that
   * time is shorter at first and grows while reading them fails.
   * @returns their ids
   */
  async claimForFacts(limit: number): Promise<string[]> {
    const claimed = await rows<{ id: string }>(
      this.dataSource,
      // Two kinds, each by its index: those that were never read under their grant, and those that are old.
      `WITH wanted AS MATERIALIZED (
         (SELECT id, facts_read_at FROM merchants WHERE ${OUTDATED} AND ${WANTED}
          ORDER BY facts_read_at NULLS FIRST, id LIMIT $1)
         UNION ALL
         (SELECT id, facts_read_at FROM merchants WHERE facts_read_at < now() - interval '24 hours' AND ${WANTED}
          ORDER BY facts_read_at, id LIMIT $1)
       )
       UPDATE merchants SET facts_asked_at = now() WHERE id = ANY(ARRAY(
         SELECT id FROM merchants WHERE ${WANTED}
           AND id = ANY(ARRAY(
             SELECT id FROM wanted GROUP BY id, facts_read_at ORDER BY facts_read_at NULLS FIRST, id LIMIT $1))
         ORDER BY id FOR UPDATE SKIP LOCKED))
       RETURNING id`,
      [limit],
    );
    return claimed.map(({ id }) => id);
  }

  /** Claims those of these about whom it is time to ask. Nobody else gets one at the same time. @returns their ids */
  async claimForFactsAmong(ids: string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const claimed = await rows<{ id: string }>(
      this.dataSource,
      `UPDATE merchants SET facts_asked_at = now() WHERE id = ANY(ARRAY(
         SELECT id FROM merchants WHERE id = ANY($1) AND ${mayAskForFacts()} ORDER BY id FOR UPDATE SKIP LOCKED))
       RETURNING id`,
      [ids],
    );
    return claimed.map(({ id }) => id);
  }

  /** Not stored if the merchant has authorized anew since they were asked for: its own reading follows. */
  async keepFacts(id: string, grantVersion: number, facts: AuthorizerInfo): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const kept = await tx.update(
        Merchant,
        { id, grantVersion },
        {
          nickName: facts.nickName ?? null,
          userName: facts.userName ?? null,
          principalName: facts.principalName ?? null,
          isMiniProgram: facts.isMiniProgram,
          serviceType: facts.serviceType ?? null,
          verifyType: facts.verifyType ?? null,
          accountStatus: facts.accountStatus ?? null,
          // A grant has at least one set, so none at all is an answer that left them out.
          ...(facts.permissionSets.length > 0 && { permissionSets: facts.permissionSets }),
          deniedReason: null,
          factsReadAt: () => 'now()',
          factsFailingSince: null,
        },
      );
      if (kept.affected) await this.eligibility.reassess(tx, id);
    });
  }

  /** Facts that were never read could not be read now either. */
  async noteFactsUnread(id: string, grantVersion: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE merchants SET facts_failing_since = now()
       WHERE id = $1 AND grant_version = $2 AND facts_read_at IS NULL AND facts_failing_since IS NULL`,
      [id, grantVersion],
    );
  }

  private async componentAppids(tx: EntityManager, merchants: Merchant[]): Promise<string[]> {
    const found = await tx.find(PlatformRow, {
      select: { componentAppid: true },
      where: { id: In(merchants.map(({ platformId }) => platformId)) },
      order: { componentAppid: 'ASC' },
    });
    return found.map(({ componentAppid }) => componentAppid);
  }
}

/** A grant that is gone is the only reason of its merchant, and its state. The others have an index each, by their code. */
const hasReason = (reason: IneligibleReason): string =>
  reason === 'unauthorized' || reason === 'reauthorization_required'
    ? `merchant.state = '${reason}'`
    : `'${reason}' = ANY(merchant.ineligibleReasons)`;

/**
 * SQL over `merchants`: whether it is time to ask WeChat (again) for facts. Facts that were never read are asked for
 * again soon, and less and less often while that fails.
 */
export const mayAskForFacts = (alias = 'merchants'): string =>
  `(${alias}.facts_asked_at IS NULL OR ${alias}.facts_asked_at < now() - CASE
     WHEN ${alias}.facts_read_at IS NOT NULL THEN interval '1 hour'
     ELSE LEAST(interval '1 hour',
       GREATEST(interval '10 s', (${alias}.facts_asked_at - ${alias}.facts_failing_since) / 2)) END)`;

/** As the index of those has it. */
const OUTDATED = `(facts_read_at IS NULL OR facts_read_at < granted_at)`;
const WANTED = `state <> 'unauthorized' AND ${mayAskForFacts()}`;
