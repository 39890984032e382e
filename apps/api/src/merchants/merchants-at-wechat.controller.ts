import { Controller, Header, HttpCode, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { AuditLog, type Actor } from '@app/access';
import { FactsWait } from '@app/deletions';
import { GrantExchange, Merchants, TokenLending } from '@app/merchants';
import { AuditedCaller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { appidSchema } from '../http/requests/appid.js';
import { CALL_PROBLEMS, MERCHANT_PROBLEMS } from './merchant-problems.js';
import { MerchantViews } from './merchant-views.js';
import { accessTokenSchema, merchantSchema, platformChoiceSchema, type PlatformChoice } from './merchant.js';

/** What is asked of WeChat for one merchant. */
@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsAtWechatController {
  constructor(
    private readonly views: MerchantViews,
    private readonly merchants: Merchants,
    private readonly grants: GrantExchange,
    private readonly factsWait: FactsWait,
    private readonly lending: TokenLending,
    private readonly audit: AuditLog,
  ) {}

  @Post(':appid/refresh')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  @Operation({
    summary: 'Ask WeChat for a merchant’s facts',
    description:
      'Asks WeChat again what kind of account this is and what it granted: at most once a minute for each ' +
      'merchant. In between the answer is what is known; `facts_read_at` tells since when.',
    problems: [...MERCHANT_PROBLEMS, ...CALL_PROBLEMS],
    answers: { 200: { description: 'The merchant as it is known now.' } },
  })
  async refresh(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const merchant = await this.views.find(actor, appid, choice);
    const { id } = merchant;
    const about = await this.views.aboutOf(merchant);
    const isDue = await this.merchants.claimRefresh(id, (tx) =>
      this.audit.append(tx, actor, { ...about, action: 'merchant.refreshed', data: { merchant_id: id } }),
    );
    if (isDue) {
      await this.grants.refreshFacts(id);
      await this.factsWait.wake(id);
    }
    return this.views.resource(await this.merchants.byId(id));
  }

  @Post(':appid/access-token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Needs('tokens')
  @SerializeOptions({ schema: accessTokenSchema })
  @Operation({
    summary: 'Borrow a merchant’s access token',
    description:
      'Lends the merchant’s current access token to another system of the provider, which must not mint its ' +
      'own: every mint kills the token before it. Every loan is in the audit log.',
    problems: [...MERCHANT_PROBLEMS, ...CALL_PROBLEMS],
    answers: { 200: { description: 'The token. Nothing on the way may keep it.' } },
  })
  async accessToken(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ): Promise<z.input<typeof accessTokenSchema>> {
    const merchant = await this.views.find(actor, appid, choice);
    const { token, expiresAt } = await this.lending.lend(merchant);
    await this.audit.appendAlone(actor, {
      ...(await this.views.aboutOf(merchant)),
      action: 'access_token.lent',
      data: { merchant_id: merchant.id },
    });
    const expiresInSeconds = Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
    return { access_token: token, expires_in: expiresInSeconds, expires_at: expiresAt.toISOString() };
  }
}
