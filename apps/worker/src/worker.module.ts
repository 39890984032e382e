import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DatabaseModule } from '@app/database';
import { DeletionsModule } from '@app/deletions';
import { logUpstreamCall } from '@app/logging';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { ProcessMetrics, TelemetryModule } from '@app/telemetry';
import { TracingModule } from '@app/tracing';
import { SecretBox } from '@app/vault';
import { WebhooksModule } from '@app/webhooks';
import { type CallRecord } from '@app/wechat';
import { Background } from './background.js';
import { DoorModule } from './door/door.module.js';
import type { WorkerEnv } from './env.js';
import { ProcessorsModule } from './processors/processors.module.js';
import { SweepsModule } from './sweeps/sweeps.module.js';

@Module({})
export class WorkerModule {
  static forRoot(env: WorkerEnv): DynamicModule {
    const metrics = new ProcessMetrics();
    const onCall = (record: CallRecord) => {
      logUpstreamCall(record);
      metrics.countUpstreamCall(record);
    };
    return {
      module: WorkerModule,
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({
            url: env.DATABASE_URL,
            applicationName: 'retract-worker',
            secrets: new SecretBox(env.MASTER_KEYS),
            // Runs share statements: many more of them need few more connections, of which Postgres has not too many.
            poolSize: Math.min(30, env.WORKER_CONCURRENCY + 5),
          }),
          QueueModule.settings({
            url: env.QUEUE_URL ?? env.DATABASE_URL,
            concurrency: { deletions: env.WORKER_CONCURRENCY },
          }),
          MerchantsModule.settings({
            wechat: {
              // A call that waits for a connection waits within its claim.
              connections: Math.max(64, env.WORKER_CONCURRENCY),
              baseUrl: env.WECHAT_API_URL,
              fallbackUrls: env.WECHAT_API_FALLBACK_URLS,
              onCall,
            },
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
            retention: { deletions: env.DELETIONS_RETENTION_DAYS, rejections: env.REJECTIONS_RETENTION_DAYS },
          }),
          // It issues none.
          AccessModule.settings({ keysPerTenant: 0 }),
          WebhooksModule.settings({ allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE }),
          TelemetryModule.settings(metrics),
          SweepsModule.settings({
            events: env.EVENTS_RETENTION_DAYS,
            webhook_deliveries: env.WEBHOOK_DELIVERIES_RETENTION_DAYS,
            callback_events: env.CALLBACKS_RETENTION_DAYS,
          }),
          DoorModule.settings({ port: env.WORKER_PORT, host: env.WORKER_HOST }),
        ),
        DatabaseModule,
        DeletionsModule,
        DoorModule,
        ProcessorsModule,
        SweepsModule,
        TracingModule,
        WebhooksModule,
      ],
      providers: [Background],
    };
  }
}
