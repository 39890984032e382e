import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Batcher } from '@app/concurrency';
import { isItemError, prepared, rows, SealedColumns, type Sql } from '@app/database';
import { Events } from '@app/events';
import { MASS_AND_NOTIFICATION, type QueriedAuthorization } from '@app/wechat';
import { Platforms, type Platform } from '../platforms/platforms.js';
import { AccessTokens, SHORT_WINDOW } from '../tokens/access-tokens.js';
import { EligibilityChanges } from './eligibility-changes.js';
import type { GrantLesson } from './lessons.js';
import { Merchant } from './merchant.entity.js';

/** What minting needs to know of a grant. */
export interface Grant {
  version: number;
  state: Merchant['state'];
  refreshToken: string | undefined;
}

interface StoredGrant extends Pick<Grant, 'version' | 'state'> {
  refreshTokenSealed: string | null;
}

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

type GrantedMerchant = Pick<Merchant, 'id' | 'platformId' | 'authorizerAppid'>;

/** The grants of merchants: what WeChat gave, renewed and took back, as it is stored. */
@Injectable()
export class GrantRows {
  private readonly reads = new Batcher((ids: string[]) => this.readGrants(ids), isItemError, SHORT_WINDOW);

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(Merchant) private readonly merchants: Repository<Merchant>,
    private readonly sealed: SealedColumns,
    private readonly tokens: AccessTokens,
    private readonly platforms: Platforms,
    private readonly events: Events,
    private readonly eligibility: EligibilityChanges,
  ) {}

  async grant(id: string): Promise<Grant> {
    const found = await this.reads.submit(id);
    if (!found) throw new Error('There is no such merchant.');
    const { version, state, refreshTokenSealed } = found;
    const refreshToken = refreshTokenSealed ? this.sealed.unseal(cellOf(id), refreshTokenSealed) : undefined;
    return { version, state, refreshToken };
  }

  /**
   * Stores a grant, new or renewed, with the access token that came with it. A refresh token that WeChat left out never
   * blanks the one that is stored. Codes may be exchanged out of order, so its time never goes back. Where neither the
   * grant nor what is stored tells its permission sets, nothing is known of it until the facts are read.
   */
  async keepGrant(
    tx: EntityManager,
    platform: Platform,
    grant: NewGrant,
    { grantedAt, source = 'code' }: { grantedAt: Date; source?: 'code' | 'list' },
  ): Promise<{ id: string; grantVersion: number }> {
    const id = await this.idOf(tx, platform.id, grant.authorizerAppid);
    const sealed = grant.authorizerRefreshToken ? this.sealed.seal(cellOf(id), grant.authorizerRefreshToken) : null;
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
    await this.eligibility.reassess(tx, id);
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
      const stored = row.refreshTokenSealed ? this.sealed.unseal(cellOf(id), row.refreshTokenSealed) : undefined;
      if (row.grantVersion !== grantVersion || stored !== replaced) return;
      await tx.update(Merchant, { id }, { refreshTokenSealed: this.sealed.seal(cellOf(id), refreshToken) });
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
      `UPDATE merchants SET refresh_token_sealed = $2, granted_at = GREATEST(granted_at, $3), updated_at = now()
       WHERE id = $1`,
      [id, this.sealed.seal(cellOf(id), refreshToken), grantedAt ?? null],
    );
  }

  /** Of every merchant of a platform, by appid. */
  async recordedGrants(platformId: string): Promise<Map<string, RecordedGrant>> {
    const found = await this.merchants.findBy({ platformId });
    return new Map(found.map((merchant) => [merchant.authorizerAppid, this.recorded(merchant)]));
  }

  async recordedGrant(platformId: string, authorizerAppid: string): Promise<RecordedGrant | undefined> {
    const found = await this.merchants.findOneBy({ platformId, authorizerAppid });
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
   * The merchant took the authorization back at `at` (WeChat's clock): wipes the tokens. News from before the grant
   * that is stored (a push may come late, or twice) changes nothing. The tokens may be there still when the merchant
   * counts as unauthorized already: an answer of WeChat teaches the state and leaves them.
   */
  async unauthorize(tx: EntityManager, platformId: string, authorizerAppid: string, at: Date): Promise<void> {
    const before = await tx.findOne(Merchant, {
      where: { platformId, authorizerAppid },
      lock: { mode: 'pessimistic_write' },
    });
    const [gone] = await rows<{ id: string }>(
      tx,
      `UPDATE merchants SET state = 'unauthorized', refresh_token_sealed = NULL, permission_sets = '{}',
         denied_reason = NULL, grant_version = grant_version + 1, updated_at = now()
       WHERE platform_id = $1 AND authorizer_appid = $2
         AND (granted_at IS NULL OR date_trunc('second', granted_at) <= $3)
       RETURNING id`,
      [platformId, authorizerAppid, at],
    );
    if (!gone) return;
    await this.tokens.forget(tx, gone.id);
    if (before?.state !== 'unauthorized')
      await this.tellGone(tx, { id: gone.id, platformId, authorizerAppid }, 'event');
    await this.eligibility.reassess(tx, gone.id);
  }

  /** Takes in what an answer taught, unless the merchant has authorized anew since the call was made. */
  async learn(id: string, grantVersion: number, lesson: GrantLesson): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [taught] = await rows<GrantedMerchant>(
        tx,
        `UPDATE merchants SET ${LESSON_SQL[lesson]}, taught_at = now(), updated_at = now()
         WHERE id = $1 AND grant_version = $2 AND state = 'authorized'
         RETURNING id, platform_id AS "platformId", authorizer_appid AS "authorizerAppid"`,
        [id, grantVersion],
      );
      if (!taught) return;
      if (lesson === 'unauthorized') await this.tellGone(tx, taught, 'answer');
      if (lesson === 'reauthorization_required') {
        await this.events.append(tx, {
          type: `merchant.${lesson}`,
          ...(await this.platforms.eventSubject(tx, taught)),
          data: {},
        });
      }
      await this.eligibility.reassess(tx, id);
    });
  }

  private async readGrants(ids: string[]): Promise<(StoredGrant | undefined)[]> {
    const found = await prepared<StoredGrant & { id: string }>(
      this.dataSource.manager,
      'read grants',
      `SELECT id, grant_version AS version, state, refresh_token_sealed AS "refreshTokenSealed"
       FROM merchants WHERE id = ANY($1)`,
      [ids],
    );
    const byId = new Map(found.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }

  private async tellGone(tx: EntityManager, merchant: GrantedMerchant, source: 'event' | 'answer'): Promise<void> {
    const subject = await this.platforms.eventSubject(tx, merchant);
    await this.events.append(tx, { type: 'merchant.unauthorized', ...subject, data: { source } });
  }

  private recorded({ id, state, grantVersion, grantedAt, refreshTokenSealed }: Merchant): RecordedGrant {
    const refreshToken = refreshTokenSealed ? this.sealed.unseal(cellOf(id), refreshTokenSealed) : undefined;
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
}

/** What an answer changes. The refresh token stays: it may be sound, and only an event wipes it. */
const LESSON_SQL: Record<GrantLesson, string> = {
  unauthorized: `state = 'unauthorized'`,
  reauthorization_required: `state = 'reauthorization_required'`,
  permission_set_7_not_granted: `
    permission_sets = array_remove(COALESCE(permission_sets, '{}'), ${MASS_AND_NOTIFICATION})`,
  not_verified: `denied_reason = 'not_verified'`,
  account_frozen: `denied_reason = 'account_frozen'`,
};

const DOCUMENTED_LIFETIME_SECONDS = 7200;

const cellOf = (id: string) => ({ table: 'merchants', column: 'refresh_token_sealed', rowId: id });
