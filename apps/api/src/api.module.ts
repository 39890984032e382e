import { Module, StandardSchemaSerializerInterceptor, type DynamicModule, type Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { AccessModule } from '@app/access';
import { DatabaseModule } from '@app/database';
import { DeletionsModule } from '@app/deletions';
import { logUpstreamCall } from '@app/logging';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { ProcessMetrics, TelemetryModule } from '@app/telemetry';
import { SecretBox } from '@app/vault';
import { WebhooksModule } from '@app/webhooks';
import { type CallRecord } from '@app/wechat';
import { ApiKeysHttpModule } from './api-keys/api-keys-http.module.js';
import { AuditHttpModule } from './audit/audit-http.module.js';
import { AuthorizationLinksHttpModule } from './authorization-links/authorization-links-http.module.js';
import { CallbacksHttpModule } from './callbacks/callbacks-http.module.js';
import { ISSUER } from './deletions/proof-answer.js';
import { DeletionsHttpModule } from './deletions/deletions-http.module.js';
import { DocsHttpModule } from './docs/docs-http.module.js';
import type { ApiEnv } from './env.js';
import { EventsHttpModule } from './events/events-http.module.js';
import { HealthHttpModule } from './health/health-http.module.js';
import { AccessGuard } from './http/access/access.guard.js';
import { LocationInterceptor } from './http/requests/location.interceptor.js';
import type { Tolerance } from './http/bodies/tolerance.js';
import { RequestValidationPipe } from './http/requests/request-validation.pipe.js';
import { ErrorFilter } from './http/server/error.filter.js';
import { Refusals } from './http/server/refusals.js';
import { MassMessagesHttpModule } from './mass-messages/mass-messages-http.module.js';
import { MerchantsHttpModule } from './merchants/merchants-http.module.js';
import { MetricsHttpModule } from './metrics/metrics-http.module.js';
import { Metrics } from './metrics/metrics.js';
import { OnboardingHttpModule } from './onboarding/onboarding-http.module.js';
import { OverviewHttpModule } from './overview/overview-http.module.js';
import { PlatformsHttpModule } from './platforms/platforms-http.module.js';
import { ProofKeysHttpModule } from './proof-keys/proof-keys-http.module.js';
import { SessionsHttpModule } from './sessions/sessions-http.module.js';
import { TakedownsHttpModule } from './takedowns/takedowns-http.module.js';
import { WebhooksHttpModule } from './webhooks/webhooks-http.module.js';

/** What answers requests: a module for each folder with controllers. */
const features = [
  ApiKeysHttpModule,
  AuditHttpModule,
  AuthorizationLinksHttpModule,
  CallbacksHttpModule,
  DeletionsHttpModule,
  DocsHttpModule,
  EventsHttpModule,
  HealthHttpModule,
  MassMessagesHttpModule,
  MerchantsHttpModule,
  MetricsHttpModule,
  OnboardingHttpModule,
  OverviewHttpModule,
  PlatformsHttpModule,
  ProofKeysHttpModule,
  SessionsHttpModule,
  TakedownsHttpModule,
  WebhooksHttpModule,
];

/** All that the api answers. */
export const controllers = features.flatMap(
  (feature) => (Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, feature) ?? []) as Type[],
);

/** The settings of everybody, the features, and what every request passes. */
@Module({})
export class ApiModule {
  static forRoot(env: ApiEnv, tolerance: Tolerance): DynamicModule {
    const ofProcess = new ProcessMetrics();
    const metrics = new Metrics(ofProcess.registry);
    const onCall = (record: CallRecord) => {
      logUpstreamCall(record);
      ofProcess.countUpstreamCall(record);
    };
    return {
      module: ApiModule,
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({
            url: env.DATABASE_URL,
            applicationName: 'retract-api',
            secrets: new SecretBox(env.MASTER_KEYS),
          }),
          QueueModule.settings({ url: env.QUEUE_URL ?? env.DATABASE_URL }),
          MerchantsModule.settings({
            wechat: { baseUrl: env.WECHAT_API_URL, fallbackUrls: env.WECHAT_API_FALLBACK_URLS, onCall },
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
          DeletionsModule.settings({
            pacing: {
              ratePerMinute: env.DEFAULT_RATE_PER_MINUTE,
              dailyLimit: env.DEFAULT_DAILY_QUOTA,
              urgentReserve: env.URGENT_RESERVE,
            },
            ceilings: {
              pendingPerMerchant: env.MAX_PENDING_PER_MERCHANT,
              pendingPerKey: env.MAX_PENDING_PER_KEY,
              pendingPerTenant: env.MAX_PENDING_PER_TENANT,
              etaDays: env.MAX_ETA_DAYS,
            },
          }),
          AccessModule.settings({ keysPerTenant: env.MAX_KEYS_PER_TENANT }),
          WebhooksModule.settings({ allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE }),
          EventsHttpModule.settings({ unreadMs: tolerance.unreadMs }),
          OnboardingHttpModule.settings({ clicksPerMinute: tolerance.clicksPerMinute }),
          SessionsHttpModule.settings({
            requestsPerMinute: env.API_RATE_PER_MINUTE,
            failuresPerMinute: tolerance.failedKeysPerMinute,
            publicUrl: env.PUBLIC_URL,
          }),
          TelemetryModule.settings(ofProcess),
          [{ provide: Metrics, useValue: metrics }],
          [{ provide: ISSUER, useValue: env.PUBLIC_URL }],
        ),
        ...features,
      ],
      providers: [
        { provide: Refusals, useFactory: () => new Refusals(metrics, tolerance.refusalsToldEveryMs) },
        {
          provide: APP_FILTER,
          useFactory: (refusals: Refusals) => new ErrorFilter(refusals, env.PUBLIC_URL),
          inject: [Refusals],
        },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useClass: RequestValidationPipe },
        { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
        {
          provide: APP_INTERCEPTOR,
          useFactory: (reflector: Reflector) => new LocationInterceptor(reflector, env.PUBLIC_URL),
          inject: [Reflector],
        },
      ],
    };
  }
}
