import { Module, type ValueProvider } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { MerchantsModule } from '@app/merchants';
import { RateLimit } from '../http/access/rate-limit.js';
import { CLICK_LIMIT, OnboardingController } from './onboarding.controller.js';

const CLICKS_PER_MINUTE = Symbol('ClicksPerMinute');

@Module({
  imports: [AccessModule, MerchantsModule],
  controllers: [OnboardingController],
  providers: [
    {
      provide: CLICK_LIMIT,
      inject: [CLICKS_PER_MINUTE],
      useFactory: (perMinute: number) => new RateLimit(perMinute),
    },
  ],
})
export class OnboardingHttpModule {
  static settings({ clicksPerMinute }: { clicksPerMinute: number }): ValueProvider[] {
    return [{ provide: CLICKS_PER_MINUTE, useValue: clicksPerMinute }];
  }
}
