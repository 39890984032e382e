import { createHash, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { EVERYTHING } from '@app/scope';
import {
  AuthorizationCodeInvalid,
  ComponentApi,
  WechatError,
  type AuthorizerInfo,
  type QueriedAuthorization,
} from '@app/wechat';
import { AuthorizationCodeRow } from './authorization-code.entity.js';
import { AuthorizerLists } from './authorizer-lists.js';
import { ComponentTokens } from '../platforms/component-tokens.js';
import { AuthorizationCodeRefused, GrantLost, MerchantsError, TokenUnavailable } from '../errors.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { lessonOf } from '../merchants/lessons.js';
import { GrantRows, type NewGrant, type RecordedGrant } from '../merchants/grant-rows.js';
import { Merchants } from '../merchants/merchants.js';
import { Platforms, type Platform } from '../platforms/platforms.js';

export interface CodeArrival {
  code: string;
  /** WeChat's time of the grant, where an event told it. */
  grantedAt?: Date;
  /** Whose code it is, where an event told it: with that a grant can be found whose code was spent in vain. */
  authorizerAppid?: string | undefined;
}

/** The errcode of a code that is used, mistyped or of another platform. */
const CODE_SPENT = '61009';

/** Longer than the exchange's own call may take. */
const LEASE_MS = 30_000;
const WAIT_MS = 35_000;

interface CodeRow {
  merchant_id: string | null;
  grant_version: number;
  failure_code: string | null;
  /** Whoever exchanges it is not done yet. */
  is_leased: boolean;
}

/**
 * Turns an authorization code into a stored grant. The same code arrives twice, by redirect and by event, and works
 * once: whoever comes first exchanges it under a lease, the other waits for that result.
 */
@Injectable()
export class GrantExchange {
  private readonly logger = new Logger(GrantExchange.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly merchants: Merchants,
    private readonly grants: GrantRows,
    private readonly platforms: Platforms,
    private readonly componentTokens: ComponentTokens,
    private readonly lists: AuthorizerLists,
    private readonly api: ComponentApi,
  ) {}

  /** @throws AuthorizationCodeRefused for good; TokenUnavailable and WechatError when a later try may do */
  async exchange(platform: Platform, arrival: CodeArrival): Promise<Merchant> {
    try {
      return await this.exchangeCode(platform, arrival);
    } catch (error) {
      const isSpent = error instanceof AuthorizationCodeRefused && error.failureCode === CODE_SPENT;
      const recovered = isSpent ? await this.recover(platform, arrival) : undefined;
      if (!recovered) throw error;
      this.logger.warn('grant of a spent code recovered from the list of authorizers', {
        authorizer_appid: recovered.authorizerAppid,
      });
      return recovered;
    }
  }

  private async exchangeCode(platform: Platform, arrival: CodeArrival): Promise<Merchant> {
    const codeHash = hashOfCode(arrival.code);
    const owner = uuidv7();
    const giveUpAt = performance.now() + WAIT_MS;
    while (!(await this.lease(platform.id, codeHash, owner))) {
      const known = await this.outcome(platform.id, codeHash);
      if (known?.failure_code) throw new AuthorizationCodeRefused(known.failure_code);
      if (known?.merchant_id && !known.is_leased)
        return this.alreadyExchanged(known.merchant_id, known.grant_version, arrival);
      if (performance.now() > giveUpAt) throw new TokenUnavailable('exchange_in_progress');
      await delay(randomInt(40, 120));
    }
    const grant = await this.ask(platform, arrival.code, codeHash, owner);
    // The code is spent, so what it gave is stored even if our lease ran out meanwhile.
    const merchantId = await this.dataSource.transaction((tx) => this.keep(tx, platform, grant, arrival, 'code'));
    // Those who wait for this exchange shall see the account's facts too, so the lease goes on until here.
    const merchant = await this.withFacts(platform, merchantId);
    await this.release(platform.id, codeHash, owner);
    return merchant;
  }

  /**
   * A code that counts as spent although its answer never came (or that another system of the provider's exchanged) has
   * left its grant with WeChat.
   */
  private async recover(platform: Platform, arrival: CodeArrival): Promise<Merchant | undefined> {
    const { authorizerAppid, grantedAt } = arrival;
    if (!authorizerAppid || !grantedAt) return undefined;
    // Read before the list: what changes from now on is newer than what the list says.
    const known = await this.grants.recordedGrant(platform.id, authorizerAppid);
    // Late news of a grant that is stored, or was followed by another.
    if (known && isAsGood(known, grantedAt)) return this.merchants.byId(known.id);
    const listed = await this.lists.find(platform, authorizerAppid);
    if (!listed?.refreshToken) return undefined;
    const { permissionSets } = await this.askFacts(platform, authorizerAppid);
    const grant = { authorizerAppid, authorizerRefreshToken: listed.refreshToken, permissionSets };
    const merchantId = await this.dataSource.transaction(async (tx) => {
      const isUnchanged = known
        ? await this.grants.isStill(tx, known)
        : await this.grants.addUnknown(tx, platform.id, authorizerAppid);
      return isUnchanged ? this.keep(tx, platform, grant, arrival, 'list') : undefined;
    });
    if (!merchantId) return this.merchants.find(EVERYTHING, authorizerAppid, platform.componentAppid);
    return this.withFacts(platform, merchantId);
  }

  /**
   * Asks WeChat anew what kind of account this is and what it granted.
   * @throws GrantLost when it turns out that the grant is gone; WechatError, TicketMissing, TokenUnavailable
   */
  async refreshFacts(merchantId: string): Promise<void> {
    const merchant = await this.merchants.byId(merchantId);
    await this.readFacts(await this.platforms.byId(merchant.platformId), merchant);
  }

  private async readFacts(platform: Platform, { id, authorizerAppid, grantVersion }: Merchant): Promise<void> {
    try {
      await this.merchants.keepFacts(id, grantVersion, await this.askFacts(platform, authorizerAppid));
    } catch (error) {
      const lesson = error instanceof WechatError ? lessonOf(error.errcode) : undefined;
      // What else may be wrong with the account, its own calls will tell. A platform that has no token cannot even ask.
      if (lesson !== 'unauthorized') {
        if (error instanceof WechatError) await this.merchants.noteFactsUnread(id, grantVersion);
        throw error;
      }
      await this.grants.learn(id, grantVersion, lesson);
      throw new GrantLost(authorizerAppid, lesson, { cause: error });
    }
  }

  private askFacts(platform: Platform, authorizerAppid: string): Promise<AuthorizerInfo> {
    const { componentAppid } = platform;
    return this.componentTokens.use(platform, (componentAccessToken) =>
      this.api.getAuthorizerInfo({ componentAccessToken, componentAppid, authorizerAppid }),
    );
  }

  /** They are hints, so failing to read them is no reason to refuse the grant. */
  private async withFacts(platform: Platform, merchantId: string): Promise<Merchant> {
    const merchant = await this.merchants.byId(merchantId);
    const { authorizerAppid } = merchant;
    try {
      await this.readFacts(platform, merchant);
    } catch (error) {
      // A MerchantsError where the platform has no token just now.
      if (!(error instanceof WechatError || error instanceof MerchantsError)) throw error;
      this.logger.warn('account facts could not be read', { authorizer_appid: authorizerAppid, code: error.code });
    }
    return this.merchants.byId(merchantId);
  }

  private async ask(platform: Platform, code: string, codeHash: string, owner: string): Promise<QueriedAuthorization> {
    const request = { componentAppid: platform.componentAppid, authorizationCode: code };
    try {
      return await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.queryAuth({ componentAccessToken, ...request }),
      );
    } catch (error) {
      const failureCode = error instanceof AuthorizationCodeInvalid ? String(error.errcode) : null;
      await this.release(platform.id, codeHash, owner, failureCode);
      throw failureCode ? new AuthorizationCodeRefused(failureCode, { cause: error }) : error;
    }
  }

  private async keep(
    tx: EntityManager,
    platform: Platform,
    grant: NewGrant,
    arrival: CodeArrival,
    source: 'code' | 'list',
  ): Promise<string> {
    const { id, grantVersion } = await this.grants.keepGrant(tx, platform, grant, {
      grantedAt: arrival.grantedAt ?? new Date(),
      source,
    });
    await tx.update(
      AuthorizationCodeRow,
      { platformId: platform.id, codeHash: hashOfCode(arrival.code) },
      { merchantId: id, grantVersion, failureCode: null },
    );
    return id;
  }

  private async alreadyExchanged(merchantId: string, grantVersion: number, arrival: CodeArrival): Promise<Merchant> {
    const { grantedAt } = arrival;
    if (grantedAt) await this.grants.correctGrantedAt(this.dataSource, merchantId, grantVersion, grantedAt);
    return this.merchants.byId(merchantId);
  }

  private async lease(platformId: string, codeHash: string, owner: string): Promise<boolean> {
    const won = await rows(
      this.dataSource,
      `INSERT INTO authorization_codes (platform_id, code_hash, lease_owner, lease_until)
       VALUES ($1, $2, $3, now() + $4 * interval '1 ms')
       ON CONFLICT (platform_id, code_hash) DO UPDATE SET
         lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
       WHERE authorization_codes.merchant_id IS NULL AND authorization_codes.failure_code IS NULL
         AND (authorization_codes.lease_until IS NULL OR authorization_codes.lease_until < now())
       RETURNING code_hash`,
      [platformId, codeHash, owner, LEASE_MS],
    );
    return won.length === 1;
  }

  private async release(platformId: string, codeHash: string, owner: string, failureCode: string | null = null) {
    await this.dataSource.query(
      `UPDATE authorization_codes SET lease_owner = NULL, lease_until = NULL, failure_code = $4
       WHERE platform_id = $1 AND code_hash = $2 AND lease_owner = $3`,
      [platformId, codeHash, owner, failureCode],
    );
  }

  private async outcome(platformId: string, codeHash: string): Promise<CodeRow | undefined> {
    const [row] = await rows<CodeRow>(
      this.dataSource,
      `SELECT merchant_id, grant_version, failure_code, COALESCE(lease_until > now(), false) AS is_leased
       FROM authorization_codes WHERE platform_id = $1 AND code_hash = $2`,
      [platformId, codeHash],
    );
    return row;
  }
}

/** Codes are secrets while they live: the table keeps only this. */
export const hashOfCode = (code: string): string => createHash('sha256').update(code).digest('base64url');

/** In whole seconds, as WeChat tells its time. */
const isAsGood = ({ state, refreshToken, grantedAt }: RecordedGrant, since: Date): boolean =>
  state === 'authorized' &&
  refreshToken !== undefined &&
  grantedAt !== null &&
  Math.floor(grantedAt.getTime() / 1000) >= Math.floor(since.getTime() / 1000);
