import { Module, StandardSchemaSerializerInterceptor, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { accessEntities, AccessModule } from '@app/access';
import { DatabaseModule } from '@app/database';
import { deletionsEntities, DeletionsModule } from '@app/deletions';
import { eventsEntities, EventsModule } from '@app/events';
import { logUpstreamCall } from '@app/logging';
import { merchantsEntities, MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { SecretBox } from '@app/vault';
import { webhooksEntities, WebhooksModule } from '@app/webhooks';
import { WechatTransport, type CallRecord } from '@app/wechat';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { MeController } from './api-keys/me.controller.js';
import { AuditEventsController } from './audit/audit-events.controller.js';
import { AuthorizationLinksController } from './authorization-links/authorization-links.controller.js';
import { CallbackEventsController } from './callbacks/callback-events.controller.js';
import { CallbacksController } from './callbacks/callbacks.controller.js';
import { DeletionsController } from './deletions/deletions.controller.js';
import { ISSUER, ProofAnswers } from './deletions/proof-answer.js';
import { ProblemPagesController } from './docs/problem-pages.controller.js';
import type { ApiEnv } from './env.js';
import { EventsController } from './events/events.controller.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { AccessGuard } from './http/access/access.guard.js';
import { ErrorFilter } from './http/server/error.filter.js';
import { RateLimit } from './http/access/rate-limit.js';
import { Refusals } from './http/server/refusals.js';
import { RequestValidationPipe } from './http/requests/request-validation.pipe.js';
import type { Tolerance } from './http/bodies/tolerance.js';
import { MassMessagesController } from './mass-messages/mass-messages.controller.js';
import { MerchantsController } from './merchants/merchants.controller.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { CLICK_LIMIT, OnboardingController } from './onboarding/onboarding.controller.js';
import { PlatformsController } from './platforms/platforms.controller.js';
import { ProofKeysController } from './proof-keys/proof-keys.controller.js';
import { TakedownStream } from './takedowns/takedown-stream.js';
import { TakedownsByIdController } from './takedowns/takedowns-by-id.controller.js';
import { TakedownsController } from './takedowns/takedowns.controller.js';
import { WebhookDeliveriesController } from './webhooks/webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhooks/webhook-endpoints.controller.js';

@Module({})
export class ApiModule {
  static forRoot(env: ApiEnv, tolerance: Tolerance): DynamicModule {
    const metrics = new Metrics();
    const onCall = (record: CallRecord) => {
      logUpstreamCall(record);
      metrics.countUpstreamCall(record);
    };
    return {
      module: ApiModule,
      imports: [
        DatabaseModule.forRoot({
          url: env.DATABASE_URL,
          entities: [
            ...accessEntities,
            ...eventsEntities,
            ...merchantsEntities,
            ...deletionsEntities,
            ...webhooksEntities,
          ],
          applicationName: 'retract-api',
          secrets: new SecretBox(env.MASTER_KEYS),
        }),
        QueueModule.forRoot({ url: env.QUEUE_URL ?? env.DATABASE_URL }),
        MerchantsModule.forRoot({
          transport: new WechatTransport({
            baseUrl: env.WECHAT_API_URL,
            fallbackUrls: env.WECHAT_API_FALLBACK_URLS,
            onCall,
          }),
          onboarding: {
            publicUrl: env.PUBLIC_URL,
            wechatMpUrl: env.WECHAT_MP_URL,
            wechatOpenUrl: env.WECHAT_OPEN_URL,
            isOpen: env.OPEN_AUTHORIZATION,
            openPerHour: env.OPEN_AUTHORIZATIONS_PER_HOUR,
            returnOrigins: env.RETURN_ORIGINS,
          },
          callbacks: { maxAgeS: env.PUSH_MAX_AGE_S },
        }),
        DeletionsModule.forRoot(
          {
            ratePerMinute: env.DEFAULT_RATE_PER_MINUTE,
            dailyLimit: env.DEFAULT_DAILY_QUOTA,
            urgentReserve: env.URGENT_RESERVE,
          },
          {
            pendingPerMerchant: env.MAX_PENDING_PER_MERCHANT,
            pendingPerKey: env.MAX_PENDING_PER_KEY,
            pendingPerTenant: env.MAX_PENDING_PER_TENANT,
            etaDays: env.MAX_ETA_DAYS,
          },
        ),
        AccessModule.forRoot({ keysPerTenant: env.MAX_KEYS_PER_TENANT }),
        EventsModule,
        WebhooksModule.forRoot({ allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE }),
        TerminusModule.forRoot({ gracefulShutdownTimeoutMs: 0 }),
      ],
      controllers: [
        ApiKeysController,
        AuditEventsController,
        AuthorizationLinksController,
        CallbackEventsController,
        CallbacksController,
        DeletionsController,
        EventsController,
        HealthController,
        MassMessagesController,
        MeController,
        MerchantsController,
        MetricsController,
        OnboardingController,
        PlatformsController,
        ProofKeysController,
        TakedownsController,
        TakedownsByIdController,
        WebhookDeliveriesController,
        WebhookEndpointsController,
        ProblemPagesController,
      ],
      providers: [
        { provide: Metrics, useValue: metrics },
        Readiness,
        TakedownStream,
        ProofAnswers,
        { provide: ISSUER, useValue: env.PUBLIC_URL },
        { provide: CLICK_LIMIT, useFactory: () => new RateLimit(tolerance.clicksPerMinute) },
        { provide: Refusals, useFactory: () => new Refusals(metrics, tolerance.refusalsToldEveryMs) },
        {
          provide: APP_FILTER,
          useFactory: (refusals: Refusals) => new ErrorFilter(refusals, env.PUBLIC_URL),
          inject: [Refusals],
        },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useClass: RequestValidationPipe },
        { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
      ],
    };
  }
}
