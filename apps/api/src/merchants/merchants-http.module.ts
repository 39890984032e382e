import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { MerchantViews } from './merchant-views.js';
import { MerchantsAtWechatController } from './merchants-at-wechat.controller.js';
import { MerchantsByIdController } from './merchants-by-id.controller.js';
import { MerchantsQuotaController } from './merchants-quota.controller.js';
import { MerchantsController } from './merchants.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, EventsModule, MerchantsModule],
  controllers: [MerchantsController, MerchantsByIdController, MerchantsAtWechatController, MerchantsQuotaController],
  providers: [MerchantViews],
})
export class MerchantsHttpModule {}
