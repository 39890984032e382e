import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Batcher } from '@app/concurrency';
import { binderOf, isItemError, prepared, rows, SealedColumns, type Sql } from '@app/database';
import { Events, type EventSubject } from '@app/events';
import { askedWithin, formOf, isEverything, type Scope } from '@app/scope';
import { MASS_AND_NOTIFICATION, type AuthorizerInfo, type QueriedAuthorization } from '@app/wechat';
import { AccessTokens, SHORT_WINDOW } from '../tokens/access-tokens.js';
import { ineligibleReasons, type DeniedReason, type MerchantState } from './eligibility.js';
import { MerchantNotFound, PlatformRequired, RefNotYours } from '../errors.js';
import { Merchant } from './merchant.entity.js';
import { Platforms, type Platform } from '../platforms/platforms.js';
import { merchantInScope } from './merchants-in-scope.js';
import { onPlatformsOf } from '../platforms/platforms-in-scope.js';

/** Who names a merchant. */
export interface Namer {
  apiKeyId: string;
  scope: Scope;
}

/** What minting needs to know of a grant. */
export interface Grant {
  version: number;
  state: Merchant['state'];
  refreshToken: string | undefined;
}

interface StoredGrant extends Pick<Grant, 'version' | 'state'> {
  refreshTokenSealed: string | null;
}

type NamedMerchant = Pick<Merchant, 'id' | 'platformId' | 'authorizerAppid'>;

/** What an answer of WeChat says about the grant itself, beyond the call that it answered. */
export type GrantLesson = 'unauthorized' | 'reauthorization_required' | 'permission_set_7_not_granted' | DeniedReason;

/** A grant as a code or WeChat's list of authorizers gives it. Undefined: not told, so what is stored stays. */
export type NewGrant = Pick<QueriedAuthorization, 'authorizerAppid'> & {
  [Name in keyof Omit<QueriedAuthorization, 'authorizerAppid'>]?: QueriedAuthorization[Name] | undefined;
};

/** A merchant's grant as its row has it. */
export interface RecordedGrant extends Omit<Grant, 'version'> {
  id: string;
  grantVersion: number;
  grantedAt: Date | null;
}

export interface MerchantFilter {
  isEligible?: boolean | undefined;
  areFactsUnknown?: boolean | undefined;
  state?: MerchantState | undefined;
  platformId?: string | undefined;
  /** The provider's own name, exactly. */
  ref?: string | undefined;
  limit: number;
  /** The id after which the page starts. */
  after?: string | undefined;
}

@Injectable()
export class Merchants {
  /** Over `merchants m`: what a row has to be called to be a Merchant. */
  private readonly columns: string;
  private readonly grants = new Batcher((ids: string[]) => this.readGrants(ids), isItemError, SHORT_WINDOW);

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly tokens: AccessTokens,
    private readonly platforms: Platforms,
    private readonly events: Events,
  ) {
    const { columns } = dataSource.getMetadata(Merchant);
    this.columns = columns.map(({ databaseName, propertyName }) => `m.${databaseName} AS "${propertyName}"`).join(', ');
  }

  /**
   * The merchant of that appid; its platform need be named only where the account authorized several. What is out of
   * scope is not found, as if it were not there. Within a
   * transaction pass it on: a second connection per request starves the pool when many wait for one.
   * @throws MerchantNotFound, PlatformNotFound, PlatformRequired
   */
  async find(
    scope: Scope,
    authorizerAppid: string,
    componentAppid?: string,
    tx: EntityManager = this.dataSource.manager,
  ): Promise<Merchant> {
    const platform = componentAppid === undefined ? undefined : await this.platforms.get(scope, componentAppid, tx);
    const parameters: unknown[] = [authorizerAppid, platform?.id ?? null];
    const bind = (value: unknown) => `$${parameters.push(value)}`;
    // Every request about a merchant begins with this: entities take longer to be built than rows to be found.
    const found = await prepared<Merchant>(
      tx,
      `find a merchant${formOf(scope)}`,
      `SELECT ${this.columns} FROM merchants m
       WHERE m.authorizer_appid = $1 AND ($2::uuid IS NULL OR m.platform_id = $2) AND ${merchantInScope(scope, 'm.id', bind)}`,
      parameters,
    );
    const [merchant] = found;
    if (!merchant) throw new MerchantNotFound(authorizerAppid);
    if (found.length > 1) throw new PlatformRequired(authorizerAppid, await this.componentAppids(tx, found));
    return merchant;
  }

  async byId(id: string): Promise<Merchant> {
    return this.dataSource.manager.findOneByOrFail(Merchant, { id });
  }

  async list(scope: Scope, filter: MerchantFilter): Promise<Merchant[]> {
    const { isEligible, areFactsUnknown, state, platformId, ref, limit, after } = filter;
    const query = this.dataSource.manager.createQueryBuilder(Merchant, 'merchant').orderBy('merchant.id');
    query.where(merchantInScope(scope, 'merchant.id', binderOf(query)));
    query.andWhere(await onPlatformsOf(scope, 'merchant.platformId', binderOf(query), this.dataSource));
    if (isEligible !== undefined) query.andWhere(`merchant.ineligibleReasons ${isEligible ? '=' : '<>'} '{}'`);
    // As areFactsUnknown says.
    const unknown = `(merchant.state = 'authorized' AND merchant.factsReadAt IS NULL)`;
    if (areFactsUnknown !== undefined) query.andWhere(areFactsUnknown ? unknown : `NOT ${unknown}`);
    if (state) query.andWhere('merchant.state = :state', { state });
    if (platformId) query.andWhere('merchant.platformId = :platformId', { platformId });
    if (ref !== undefined) query.andWhere('merchant.ref = :ref', { ref });
    if (after) query.andWhere('merchant.id > :after', { after });
    return query.limit(limit).getMany();
  }

  async grant(id: string): Promise<Grant> {
    const found = await this.grants.submit(id);
    if (!found) throw new Error('There is no such merchant.');
    const { version, state, refreshTokenSealed } = found;
    const refreshToken = refreshTokenSealed ? this.sealed.open(placeOf(id), refreshTokenSealed) : undefined;
    return { version, state, refreshToken };
  }

  /**
   * Stores a grant, new or renewed, with the access token that came with it. A refresh token that WeChat left out never
   * blanks the one that is stored. Codes may be exchanged out of order, so its time never goes back. Where neither the grant
   * nor what is stored tells its permission sets, nothing is known of it until the facts are read.
   */
  async keepGrant(
    tx: EntityManager,
    platform: Platform,
    grant: NewGrant,
    { grantedAt, source = 'code' }: { grantedAt: Date; source?: 'code' | 'list' },
  ): Promise<{ id: string; grantVersion: number }> {
    const id = await this.idOf(tx, platform.id, grant.authorizerAppid);
    const sealed = grant.authorizerRefreshToken ? this.sealed.seal(placeOf(id), grant.authorizerRefreshToken) : null;
    const [kept] = await rows<{ grantVersion: number; permissionSets: number[] | null }>(
      tx,
      `UPDATE merchants SET state = 'authorized', permission_sets = COALESCE($2, NULLIF(permission_sets, '{}')),
         facts_read_at = CASE WHEN COALESCE($2, NULLIF(permission_sets, '{}')) IS NOT NULL THEN facts_read_at END,
         facts_failing_since = NULL, denied_reason = NULL,
         granted_at = GREATEST(granted_at, $3), grant_version = grant_version + 1,
         refresh_token_sealed = COALESCE($4, refresh_token_sealed), updated_at = now()
       WHERE id = $1 RETURNING grant_version AS "grantVersion", permission_sets AS "permissionSets"`,
      // A grant has at least one set, so none at all is an answer that left them out.
      [id, grant.permissionSets?.length ? grant.permissionSets : null, grantedAt, sealed],
    );
    if (!kept) throw new Error('A merchant is gone that was just written.');
    if (grant.authorizerAccessToken) {
      const expiresInSeconds = grant.expiresInSeconds ?? DOCUMENTED_LIFETIME_SECONDS;
      await this.tokens.keep(tx, id, { token: grant.authorizerAccessToken, expiresInSeconds });
    } else {
      await this.tokens.forget(tx, id);
    }
    await this.events.append(tx, {
      type: 'merchant.authorized',
      platform,
      merchant: { id, authorizerAppid: grant.authorizerAppid },
      data: { source, permission_sets: kept.permissionSets ?? [] },
    });
    await this.reassess(tx, id);
    return { id, grantVersion: kept.grantVersion };
  }

  /** WeChat's own time for a grant that is stored already, unless a newer grant has replaced it. */
  async correctGrantedAt(sql: Sql, id: string, grantVersion: number, grantedAt: Date): Promise<void> {
    await sql.query(`UPDATE merchants SET granted_at = $3 WHERE id = $1 AND grant_version = $2`, [
      id,
      grantVersion,
      grantedAt,
    ]);
  }

  /**
   * The provider finds merchants by their names, so a key with limits, which may be in a hostile tenant's hands, replaces none that
   * was not given within them.
   * @throws RefNotYours
   */
  async setRef(tx: EntityManager, id: string, ref: string | null, by: Namer): Promise<void> {
    const parameters: unknown[] = [id, ref, by.apiKeyId];
    const bind = (value: unknown) => `$${parameters.push(value)}`;
    const isItsOwn = isEverything(by.scope) ? 'TRUE' : `(ref IS NULL OR ${askedWithin(by.scope, 'ref_set_by', bind)})`;
    const named = await rows(
      tx,
      `UPDATE merchants SET ref = $2, ref_set_by = CASE WHEN ${isItsOwn} THEN $3::uuid ELSE ref_set_by END, updated_at = now()
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
   * Whether a request may have the merchant's facts read anew: once a minute, whoever asks, since all merchants of a platform
   * share what WeChat gives it for a day.
   */
  async mayRefresh(tx: EntityManager, id: string): Promise<boolean> {
    const taken = await rows(
      tx,
      `UPDATE merchants SET refresh_asked_at = now()
       WHERE id = $1 AND (refresh_asked_at IS NULL OR refresh_asked_at <= now() - interval '1 minute') RETURNING id`,
      [id],
    );
    return taken.length === 1;
  }

  /**
   * Puts a new refresh token in the place of the one that it came for (undefined: of none). If that is no longer the
   * stored one, by a new grant or by a mint that was answered sooner, what is stored is newer and stays.
   */
  async replaceRefreshToken(
    id: string,
    grantVersion: number,
    replaced: string | undefined,
    refreshToken: string,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const row = await tx.findOneOrFail(Merchant, { where: { id }, lock: { mode: 'pessimistic_write' } });
      const stored = row.refreshTokenSealed ? this.sealed.open(placeOf(id), row.refreshTokenSealed) : undefined;
      if (row.grantVersion !== grantVersion || stored !== replaced) return;
      await tx.update(Merchant, { id }, { refreshTokenSealed: this.sealed.seal(placeOf(id), refreshToken) });
    });
  }

  /** Takes over a better refresh token of the same grant; access tokens stay good. */
  async repairRefreshToken(
    tx: EntityManager,
    id: string,
    refreshToken: string,
    grantedAt: Date | undefined,
  ): Promise<void> {
    await tx.query(
      `UPDATE merchants SET refresh_token_sealed = $2, granted_at = GREATEST(granted_at, $3), updated_at = now() WHERE id = $1`,
      [id, this.sealed.seal(placeOf(id), refreshToken), grantedAt ?? null],
    );
  }

  /** Of every merchant of a platform, by appid. */
  async recordedGrants(platformId: string): Promise<Map<string, RecordedGrant>> {
    const found = await this.dataSource.manager.findBy(Merchant, { platformId });
    return new Map(found.map((merchant) => [merchant.authorizerAppid, this.recorded(merchant)]));
  }

  async recordedGrant(platformId: string, authorizerAppid: string): Promise<RecordedGrant | undefined> {
    const found = await this.dataSource.manager.findOneBy(Merchant, { platformId, authorizerAppid });
    return found ? this.recorded(found) : undefined;
  }

  /** Whether the grant is as it was recorded; then it stays so until the transaction ends. */
  async isStill(tx: EntityManager, recorded: RecordedGrant): Promise<boolean> {
    const { id, state, grantVersion, refreshToken } = recorded;
    const now = await tx.findOne(Merchant, { where: { id, state, grantVersion }, lock: { mode: 'pessimistic_write' } });
    // It may have been sealed anew meanwhile.
    return now !== null && this.recorded(now).refreshToken === refreshToken;
  }

  /** @returns false when somebody else has added the merchant meanwhile */
  async addUnknown(tx: EntityManager, platformId: string, authorizerAppid: string): Promise<boolean> {
    const added = await rows(
      tx,
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state) VALUES ($1, $2, $3, 'authorized')
       ON CONFLICT (platform_id, authorizer_appid) DO NOTHING RETURNING id`,
      [uuidv7(), platformId, authorizerAppid],
    );
    return added.length === 1;
  }

  /**
   * Takes merchants whose account facts are older than a day or than the grant, the oldest first; those that were asked for
   * within the hour are left out, whether or not anything came of it. Of those never read, within a time that grows with their
   * failing.
   * @returns their ids
   */
  async takeForFacts(limit: number): Promise<string[]> {
    const taken = await rows<{ id: string }>(
      this.dataSource,
      // Two kinds, each by its index: those that were never read under their grant, and those that are old.
      `WITH wanted AS MATERIALIZED (
         (SELECT id, facts_read_at FROM merchants WHERE ${OUTDATED} AND ${WANTED} ORDER BY facts_read_at NULLS FIRST, id LIMIT $1)
         UNION ALL
         (SELECT id, facts_read_at FROM merchants WHERE facts_read_at < now() - interval '24 hours' AND ${WANTED} ORDER BY facts_read_at, id LIMIT $1)
       )
       UPDATE merchants SET facts_asked_at = now() WHERE id = ANY(ARRAY(
         SELECT id FROM merchants WHERE ${WANTED}
           AND id = ANY(ARRAY(SELECT id FROM wanted GROUP BY id, facts_read_at ORDER BY facts_read_at NULLS FIRST, id LIMIT $1))
         ORDER BY id FOR UPDATE SKIP LOCKED))
       RETURNING id`,
      [limit],
    );
    return taken.map(({ id }) => id);
  }

  /** Of these, takes those about whom it is time to ask: whoever else wants one at the same time does not get it. @returns their ids */
  async takeForFactsAmong(ids: string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const taken = await rows<{ id: string }>(
      this.dataSource,
      `UPDATE merchants SET facts_asked_at = now() WHERE id = ANY(ARRAY(
         SELECT id FROM merchants WHERE id = ANY($1) AND ${mayAskForFacts()} ORDER BY id FOR UPDATE SKIP LOCKED))
       RETURNING id`,
      [ids],
    );
    return taken.map(({ id }) => id);
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
      if (kept.affected) await this.reassess(tx, id);
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

  /**
   * The merchant took the authorization back at `at` (WeChat's clock): wipes the tokens. News from before the grant that
   * is stored (a push may come late, or twice) changes nothing. The tokens may be there still when the merchant counts as
   * unauthorized already: an answer of WeChat teaches the state and leaves them.
   */
  async unauthorize(tx: EntityManager, platformId: string, authorizerAppid: string, at: Date): Promise<void> {
    const before = await tx.findOne(Merchant, {
      where: { platformId, authorizerAppid },
      lock: { mode: 'pessimistic_write' },
    });
    const [gone] = await rows<{ id: string }>(
      tx,
      `UPDATE merchants SET state = 'unauthorized', refresh_token_sealed = NULL, permission_sets = '{}', denied_reason = NULL,
         grant_version = grant_version + 1, updated_at = now()
       WHERE platform_id = $1 AND authorizer_appid = $2
         AND (granted_at IS NULL OR date_trunc('second', granted_at) <= $3)
       RETURNING id`,
      [platformId, authorizerAppid, at],
    );
    if (!gone) return;
    await this.tokens.forget(tx, gone.id);
    if (before?.state !== 'unauthorized')
      await this.tellGone(tx, { id: gone.id, platformId, authorizerAppid }, 'event');
    await this.reassess(tx, gone.id);
  }

  /** Takes in what an answer taught, unless the merchant has authorized anew since the call was made. */
  async learn(id: string, grantVersion: number, lesson: GrantLesson): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [taught] = await rows<NamedMerchant>(
        tx,
        `UPDATE merchants SET ${LESSON_SQL[lesson]}, taught_at = now(), updated_at = now()
         WHERE id = $1 AND grant_version = $2 AND state = 'authorized'
         RETURNING id, platform_id AS "platformId", authorizer_appid AS "authorizerAppid"`,
        [id, grantVersion],
      );
      if (!taught) return;
      if (lesson === 'unauthorized') await this.tellGone(tx, taught, 'answer');
      if (lesson === 'reauthorization_required') {
        await this.events.append(tx, { type: `merchant.${lesson}`, ...(await this.subject(tx, taught)), data: {} });
      }
      await this.reassess(tx, id);
    });
  }

  private async readGrants(ids: string[]): Promise<(StoredGrant | undefined)[]> {
    const found = await prepared<StoredGrant & { id: string }>(
      this.dataSource.manager,
      'read grants',
      `SELECT id, grant_version AS version, state, refresh_token_sealed AS "refreshTokenSealed" FROM merchants WHERE id = ANY($1)`,
      [ids],
    );
    const byId = new Map(found.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }

  /** Computes anew whether the merchant is eligible. Belongs into every transaction that may change it. */
  private async reassess(tx: EntityManager, id: string): Promise<void> {
    const merchant = await tx.findOneOrFail(Merchant, { where: { id }, lock: { mode: 'pessimistic_write' } });
    const { ineligibleReasons: previous } = merchant;
    const reasons = ineligibleReasons(merchant);
    if (reasons.join() === previous.join()) return;
    await tx.query(`UPDATE merchants SET ineligible_reasons = $2 WHERE id = $1`, [id, reasons]);
    await this.events.append(tx, {
      type: 'merchant.eligibility_changed',
      ...(await this.subject(tx, merchant)),
      data: { eligible: reasons.length === 0, reasons, previous_reasons: previous },
    });
  }

  private async tellGone(tx: EntityManager, merchant: NamedMerchant, source: 'event' | 'answer'): Promise<void> {
    const subject = await this.subject(tx, merchant);
    await this.events.append(tx, { type: 'merchant.unauthorized', ...subject, data: { source } });
  }

  private async subject(tx: EntityManager, merchant: NamedMerchant): Promise<EventSubject> {
    const componentAppid = await this.platforms.appidOf(merchant.platformId, tx);
    return { platform: { id: merchant.platformId, componentAppid }, merchant };
  }

  private recorded({ id, state, grantVersion, grantedAt, refreshTokenSealed }: Merchant): RecordedGrant {
    const refreshToken = refreshTokenSealed ? this.sealed.open(placeOf(id), refreshTokenSealed) : undefined;
    return { id, state, grantVersion, grantedAt, refreshToken };
  }

  private async idOf(tx: EntityManager, platformId: string, authorizerAppid: string): Promise<string> {
    const [row] = await rows<{ id: string }>(
      tx,
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state) VALUES ($1, $2, $3, 'authorized')
       ON CONFLICT (platform_id, authorizer_appid) DO UPDATE SET updated_at = now() RETURNING id`,
      [uuidv7(), platformId, authorizerAppid],
    );
    if (!row) throw new Error('An upsert returned no row.');
    return row.id;
  }

  private async componentAppids(tx: EntityManager, merchants: Merchant[]): Promise<string[]> {
    const found = await rows<{ component_appid: string }>(
      tx,
      `SELECT component_appid FROM platforms WHERE id = ANY($1) ORDER BY component_appid`,
      [merchants.map(({ platformId }) => platformId)],
    );
    return found.map((row) => row.component_appid);
  }
}

/** What an answer changes. The refresh token stays: it may be sound, and only an event wipes it. */
const LESSON_SQL: Record<GrantLesson, string> = {
  unauthorized: `state = 'unauthorized'`,
  reauthorization_required: `state = 'reauthorization_required'`,
  permission_set_7_not_granted: `permission_sets = array_remove(COALESCE(permission_sets, '{}'), ${MASS_AND_NOTIFICATION})`,
  not_verified: `denied_reason = 'not_verified'`,
  account_frozen: `denied_reason = 'account_frozen'`,
};

/**
 * SQL over `merchants`: whether it is time to ask WeChat (again) for facts. Facts that were never read are asked for again
 * soon, and less and less often while that fails.
 */
export const mayAskForFacts = (alias = 'merchants'): string =>
  `(${alias}.facts_asked_at IS NULL OR ${alias}.facts_asked_at < now() - CASE WHEN ${alias}.facts_read_at IS NOT NULL THEN interval '1 hour'
     ELSE LEAST(interval '1 hour', GREATEST(interval '10 s', (${alias}.facts_asked_at - ${alias}.facts_failing_since) / 2)) END)`;

/** As the index of those has it. */
const OUTDATED = `(facts_read_at IS NULL OR facts_read_at < granted_at)`;
const WANTED = `state <> 'unauthorized' AND ${mayAskForFacts()}`;

const DOCUMENTED_LIFETIME_SECONDS = 7200;

const placeOf = (id: string) => ({ table: 'merchants', column: 'refresh_token_sealed', rowId: id });
