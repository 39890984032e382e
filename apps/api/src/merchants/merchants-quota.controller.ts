import { Controller, HttpCode, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditLog, type Actor } from '@app/access';
import { QuotaClearing, QuotaReading } from '@app/deletions';
import { Merchants } from '@app/merchants';
import { AuditedCaller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { appidSchema } from '../http/requests/appid.js';
import { CALL_PROBLEMS, MERCHANT_PROBLEMS } from './merchant-problems.js';
import { MerchantViews } from './merchant-views.js';
import { merchantSchema, platformChoiceSchema, type PlatformChoice } from './merchant.js';

/** What an account may still do today, as WeChat counts it. */
@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsQuotaController {
  constructor(
    private readonly views: MerchantViews,
    private readonly merchants: Merchants,
    private readonly quotas: QuotaReading,
    private readonly clearing: QuotaClearing,
    private readonly audit: AuditLog,
  ) {}

  @Post(':appid/read-quota')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  @Operation({
    summary: 'Ask WeChat for a merchant’s quota',
    description:
      'Asks WeChat now how many deletions the account may make a day and how many it has counted today: at most once ' +
      'a minute for each account. In between the answer is what is known; `limits.learned_at` tells since when. ' +
      'Without this, WeChat is asked once a day when deletions wait, and when it says that the quota is spent.',
    problems: [...MERCHANT_PROBLEMS, ...CALL_PROBLEMS],
    answers: { 200: { description: 'The merchant, with its quota as it is known now.' } },
  })
  async readQuota(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const merchant = await this.views.find(actor, appid, choice);
    const about = await this.views.aboutOf(merchant);
    await this.quotas.readNow(merchant, (tx) =>
      this.audit.append(tx, actor, { ...about, action: 'merchant.quota_read', data: { merchant_id: merchant.id } }),
    );
    return this.views.resource(await this.merchants.byId(merchant.id));
  }

  @Post(':appid/clear-quota')
  @HttpCode(200)
  @Needs('admin')
  @SerializeOptions({ schema: merchantSchema })
  @Operation({
    summary: 'Clear a merchant’s quota',
    description:
      'Has WeChat set all of the account’s daily counters back to 0, and opens its lane. Ten times a month ' +
      'at most, whoever asks WeChat for it; after that 409 `quota_clears_spent`.',
    problems: [...MERCHANT_PROBLEMS, 'quota_clears_spent', ...CALL_PROBLEMS],
    answers: { 200: { description: 'The merchant, with all of its quota.' } },
  })
  async clearQuota(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const merchant = await this.views.find(actor, appid, choice);
    const about = await this.views.aboutOf(merchant);
    await this.clearing.clear(merchant, (tx) =>
      this.audit.append(tx, actor, {
        ...about,
        action: 'merchant.quota_cleared',
        data: { merchant_id: merchant.id },
      }),
    );
    return this.views.resource(await this.merchants.byId(merchant.id));
  }
}
