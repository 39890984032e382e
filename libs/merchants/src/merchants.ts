import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows, SealedColumns, type Sql } from '@app/database';
import { MASS_AND_NOTIFICATION, type AuthorizerInfo, type QueriedAuthorization } from '@app/wechat';
import { AccessTokens } from './access-tokens.js';
import { MerchantNotFound, PlatformRequired } from './errors.js';
import { Merchant } from './merchant.entity.js';
import { Platforms, type Platform } from './platforms.js';

/** What minting needs to know of a grant. */
export interface Grant {
  version: number;
  state: Merchant['state'];
  refreshToken: string | undefined;
}

/** What an answer of WeChat says about the grant itself, beyond the call that it answered. */
export type GrantLesson = 'unauthorized' | 'reauthorization_required' | 'permission_set_7_not_granted';

export interface MerchantPage {
  limit: number;
  /** The id after which the page starts. */
  after?: string | undefined;
}

@Injectable()
export class Merchants {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly tokens: AccessTokens,
    private readonly platforms: Platforms,
  ) {}

  /**
   * The merchant of that appid; its platform need be named only where the account authorized several. Within a
   * transaction pass it on: a second connection per request starves the pool when many wait for one.
   * @throws MerchantNotFound, PlatformNotFound, PlatformRequired
   */
  async find(
    authorizerAppid: string,
    componentAppid?: string,
    tx: EntityManager = this.dataSource.manager,
  ): Promise<Merchant> {
    const platform = componentAppid === undefined ? undefined : await this.platforms.get(componentAppid, tx);
    const found = await tx.find(Merchant, {
      where: { authorizerAppid, ...(platform && { platformId: platform.id }) },
    });
    const [merchant] = found;
    if (!merchant) throw new MerchantNotFound(authorizerAppid);
    if (found.length > 1) throw new PlatformRequired(authorizerAppid, await this.componentAppids(tx, found));
    return merchant;
  }

  async byId(id: string): Promise<Merchant> {
    return this.dataSource.manager.findOneByOrFail(Merchant, { id });
  }

  async list(page: MerchantPage): Promise<Merchant[]> {
    const query = this.dataSource.manager.createQueryBuilder(Merchant, 'merchant').orderBy('merchant.id');
    if (page.after) query.where('merchant.id > :after', page);
    return query.limit(page.limit).getMany();
  }

  async grant(id: string): Promise<Grant> {
    const { grantVersion, state, refreshTokenSealed } = await this.byId(id);
    return {
      version: grantVersion,
      state,
      refreshToken: refreshTokenSealed ? this.sealed.open(placeOf(id), refreshTokenSealed) : undefined,
    };
  }

  /**
   * Stores a grant, new or renewed, with the access token that came with it. A refresh token that WeChat left out never
   * blanks the one that is stored. Codes may be exchanged out of order, so its time never goes back.
   */
  async keepGrant(
    tx: EntityManager,
    platform: Platform,
    grant: QueriedAuthorization,
    { grantedAt, ref }: { grantedAt: Date; ref?: string | undefined },
  ): Promise<{ id: string; grantVersion: number }> {
    const id = await this.idOf(tx, platform.id, grant.authorizerAppid);
    const sealed = grant.authorizerRefreshToken ? this.sealed.seal(placeOf(id), grant.authorizerRefreshToken) : null;
    const [kept] = await rows<{ grantVersion: number }>(
      tx,
      `UPDATE merchants SET state = 'authorized', permission_sets = $2, granted_at = GREATEST(granted_at, $3),
         grant_version = grant_version + 1, refresh_token_sealed = COALESCE($4, refresh_token_sealed),
         ref = COALESCE($5, ref), updated_at = now()
       WHERE id = $1 RETURNING grant_version AS "grantVersion"`,
      [id, grant.permissionSets, grantedAt, sealed, ref ?? null],
    );
    if (grant.authorizerAccessToken) {
      const expiresInSeconds = grant.expiresInSeconds ?? DOCUMENTED_LIFETIME_SECONDS;
      await this.tokens.keep(tx, id, { token: grant.authorizerAccessToken, expiresInSeconds });
    } else {
      await this.tokens.forget(tx, id);
    }
    return { id, grantVersion: kept?.grantVersion ?? 0 };
  }

  /** WeChat's own time for a grant that is stored already, unless a newer grant has replaced it. */
  async correctGrantedAt(sql: Sql, id: string, grantVersion: number, grantedAt: Date): Promise<void> {
    await sql.query(`UPDATE merchants SET granted_at = $3 WHERE id = $1 AND grant_version = $2`, [
      id,
      grantVersion,
      grantedAt,
    ]);
  }

  async setRef(id: string, ref: string | null): Promise<void> {
    await this.dataSource.manager.update(Merchant, { id }, { ref: ref });
  }

  /** A mint returned a new refresh token. Not stored if the merchant has authorized anew meanwhile: that one is newer. */
  async replaceRefreshToken(id: string, grantVersion: number, refreshToken: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE merchants SET refresh_token_sealed = $3, updated_at = now() WHERE id = $1 AND grant_version = $2`,
      [id, grantVersion, this.sealed.seal(placeOf(id), refreshToken)],
    );
  }

  async keepFacts(id: string, facts: AuthorizerInfo): Promise<void> {
    await this.dataSource.manager.update(
      Merchant,
      { id },
      {
        nickName: facts.nickName ?? null,
        userName: facts.userName ?? null,
        principalName: facts.principalName ?? null,
        isMiniProgram: facts.isMiniProgram,
        serviceType: facts.serviceType ?? null,
        verifyType: facts.verifyType ?? null,
        accountStatus: facts.accountStatus ?? null,
        factsReadAt: () => 'now()',
      },
    );
  }

  /**
   * The merchant took the authorization back at `at` (WeChat's clock): wipes the tokens. News from before the grant that
   * is stored (a push may come late, or twice) changes nothing. The tokens may be there still when the merchant counts as
   * unauthorized already: an answer of WeChat teaches the state and leaves them.
   */
  async unauthorize(tx: EntityManager, platformId: string, authorizerAppid: string, at: Date): Promise<void> {
    const [gone] = await rows<{ id: string }>(
      tx,
      `UPDATE merchants SET state = 'unauthorized', refresh_token_sealed = NULL, permission_sets = '{}',
         grant_version = grant_version + 1, updated_at = now()
       WHERE platform_id = $1 AND authorizer_appid = $2
         AND (granted_at IS NULL OR date_trunc('second', granted_at) <= $3)
       RETURNING id`,
      [platformId, authorizerAppid, at],
    );
    if (gone) await this.tokens.forget(tx, gone.id);
  }

  /** Takes in what an answer taught, unless the merchant has authorized anew since the call was made. */
  async learn(id: string, grantVersion: number, lesson: GrantLesson): Promise<void> {
    if (lesson === 'permission_set_7_not_granted') {
      await this.dataSource.query(
        `UPDATE merchants SET permission_sets = array_remove(permission_sets, $3), updated_at = now()
         WHERE id = $1 AND grant_version = $2`,
        [id, grantVersion, MASS_AND_NOTIFICATION],
      );
      return;
    }
    // The refresh token stays: it may be sound, and reconciliation can find that out. Only an event wipes it.
    await this.dataSource.query(
      `UPDATE merchants SET state = $3, updated_at = now() WHERE id = $1 AND grant_version = $2 AND state = 'authorized'`,
      [id, grantVersion, lesson],
    );
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

const DOCUMENTED_LIFETIME_SECONDS = 7200;

const placeOf = (id: string) => ({ table: 'merchants', column: 'refresh_token_sealed', rowId: id });
