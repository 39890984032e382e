import { createHash, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { AuthorizationCodeInvalid, ComponentApi, WechatError, type QueriedAuthorization } from '@app/wechat';
import { ComponentTokens } from './component-tokens.js';
import { AuthorizationCodeRefused, MerchantsError, TokenUnavailable } from './errors.js';
import type { Merchant } from './merchant.entity.js';
import { Merchants } from './merchants.js';
import { Platforms, type Platform } from './platforms.js';

export interface CodeArrival {
  code: string;
  /** WeChat's time of the grant, where an event told it. */
  grantedAt?: Date;
  ref?: string | undefined;
}

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
 * Turns an authorization code into a stored grant. The same code arrives twice, by redirect and by event, and works once:
 * whoever comes first exchanges it under a lease, the other waits for that result.
 */
@Injectable()
export class GrantExchange {
  private readonly logger = new Logger(GrantExchange.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
    private readonly componentTokens: ComponentTokens,
    private readonly api: ComponentApi,
  ) {}

  /** @throws AuthorizationCodeRefused for good; TokenUnavailable and WechatError when a later try may do */
  async exchange(platform: Platform, arrival: CodeArrival): Promise<Merchant> {
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
    const merchantId = await this.keep(platform, grant, codeHash, arrival);
    // Those who wait for this exchange shall see the account's facts too, so the lease goes on until here.
    await this.tryFacts(platform, merchantId, grant.authorizerAppid);
    await this.release(platform.id, codeHash, owner);
    return this.merchants.byId(merchantId);
  }

  /** Asks WeChat anew what kind of account this is. @throws WechatError */
  async refreshFacts(merchantId: string): Promise<void> {
    const { platformId, authorizerAppid } = await this.merchants.byId(merchantId);
    await this.readFacts(await this.platforms.byId(platformId), merchantId, authorizerAppid);
  }

  private async readFacts(platform: Platform, merchantId: string, authorizerAppid: string): Promise<void> {
    const request = { componentAppid: platform.componentAppid, authorizerAppid };
    const facts = await this.componentTokens.use(platform, (componentAccessToken) =>
      this.api.getAuthorizerInfo({ componentAccessToken, ...request }),
    );
    await this.merchants.keepFacts(merchantId, facts);
  }

  /** They are hints, so failing to read them is no reason to refuse the grant. */
  private async tryFacts(platform: Platform, merchantId: string, authorizerAppid: string): Promise<void> {
    try {
      await this.readFacts(platform, merchantId, authorizerAppid);
    } catch (error) {
      // A MerchantsError where the platform has no token just now.
      if (!(error instanceof WechatError || error instanceof MerchantsError)) throw error;
      this.logger.warn('account facts could not be read', { authorizer_appid: authorizerAppid, code: error.code });
    }
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

  /** The code is spent, so what it gave is stored even if our lease ran out meanwhile. */
  private keep(
    platform: Platform,
    grant: QueriedAuthorization,
    codeHash: string,
    arrival: CodeArrival,
  ): Promise<string> {
    return this.dataSource.transaction(async (tx) => {
      const { id, grantVersion } = await this.merchants.keepGrant(tx, platform, grant, {
        grantedAt: arrival.grantedAt ?? new Date(),
        ref: arrival.ref,
      });
      await tx.query(
        `UPDATE authorization_codes SET merchant_id = $3, grant_version = $4, failure_code = NULL
         WHERE platform_id = $1 AND code_hash = $2`,
        [platform.id, codeHash, id, grantVersion],
      );
      return id;
    });
  }

  private async alreadyExchanged(merchantId: string, grantVersion: number, arrival: CodeArrival): Promise<Merchant> {
    const { grantedAt, ref } = arrival;
    if (grantedAt) await this.merchants.correctGrantedAt(this.dataSource, merchantId, grantVersion, grantedAt);
    if (ref !== undefined) await this.merchants.setRef(merchantId, ref);
    return this.merchants.byId(merchantId);
  }

  private async lease(platformId: string, codeHash: string, owner: string): Promise<boolean> {
    const won = await rows(
      this.dataSource,
      `INSERT INTO authorization_codes (platform_id, code_hash, lease_owner, lease_until)
       VALUES ($1, $2, $3, now() + $4 * interval '1 ms')
       ON CONFLICT (platform_id, code_hash) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
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
      `SELECT merchant_id, grant_version, failure_code, COALESCE(lease_until > now(), false) AS is_leased FROM authorization_codes WHERE platform_id = $1 AND code_hash = $2`,
      [platformId, codeHash],
    );
    return row;
  }
}

/** Codes are secrets while they live: the table keeps only this. */
export const hashOfCode = (code: string): string => createHash('sha256').update(code).digest('base64url');
