import { Module, type DynamicModule } from '@nestjs/common';
import { accessEntities, AccessModule } from '@app/access';
import { DatabaseModule } from '@app/database';
import { deletionsEntities, DeletionsModule } from '@app/deletions';
import { eventsEntities, EventsModule } from '@app/events';
import { logUpstreamCall } from '@app/logging';
import { merchantsEntities, MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { SecretBox } from '@app/vault';
import { webhooksEntities, WebhooksModule } from '@app/webhooks';
import { WechatTransport } from '@app/wechat';
import { Background, QUEUE_OPTIONS } from './background.js';
import type { WorkerEnv } from './env.js';
import { AuthorizerRefreshTokenJob } from './jobs/authorizer-refresh-token.job.js';
import { CallbackForwardJob } from './jobs/callback-forward.job.js';
import { CallbackProcessJob } from './jobs/callback-process.job.js';
import { DeletionRunJob } from './jobs/deletion-run.job.js';
import { DeletionVerifyJob } from './jobs/deletion-verify.job.js';
import { FactsWatch } from './facts-watch.js';
import { MerchantReadAwaitedFactsJob } from './jobs/merchant-read-awaited-facts.job.js';
import { MerchantReadFactsJob } from './jobs/merchant-read-facts.job.js';
import { MerchantReadQuotaJob } from './jobs/merchant-read-quota.job.js';
import { PlatformReconcileJob } from './jobs/platform-reconcile.job.js';
import { WebhookDeliverJob } from './jobs/webhook-deliver.job.js';
import { Sweeper } from './sweeper.js';
import { Upkeep } from './upkeep.js';

@Module({})
export class WorkerModule {
  static forRoot(env: WorkerEnv): DynamicModule {
    const queue = { url: env.QUEUE_URL ?? env.DATABASE_URL };
    return {
      module: WorkerModule,
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
          applicationName: 'retract-worker',
          secrets: new SecretBox(env.MASTER_KEYS),
          // Runs share statements: many more of them need few more connections, of which Postgres has not too many.
          poolSize: Math.min(30, env.WORKER_CONCURRENCY + 5),
        }),
        QueueModule.forRoot(queue),
        MerchantsModule.forRoot({
          transport: new WechatTransport({
            // A call that waits for a connection waits within its claim.
            connections: Math.max(64, env.WORKER_CONCURRENCY),
            baseUrl: env.WECHAT_API_URL,
            fallbackUrls: env.WECHAT_API_FALLBACK_URLS,
            onCall: logUpstreamCall,
          }),
          onboarding: {
            publicUrl: env.PUBLIC_URL,
            wechatMpUrl: env.WECHAT_MP_URL,
            wechatOpenUrl: env.WECHAT_OPEN_URL,
          },
          callbacks: { maxAgeS: env.PUSH_MAX_AGE_S },
        }),
        DeletionsModule.forRoot({
          ratePerMinute: env.DEFAULT_RATE_PER_MINUTE,
          dailyLimit: env.DEFAULT_DAILY_QUOTA,
          urgentReserve: env.URGENT_RESERVE,
        }),
        // It issues none.
        AccessModule.forRoot({ keysPerTenant: 0 }),
        EventsModule,
        WebhooksModule.forRoot({ allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE }),
      ],
      providers: [
        Background,
        AuthorizerRefreshTokenJob,
        CallbackForwardJob,
        CallbackProcessJob,
        DeletionRunJob,
        DeletionVerifyJob,
        FactsWatch,
        MerchantReadAwaitedFactsJob,
        MerchantReadFactsJob,
        MerchantReadQuotaJob,
        PlatformReconcileJob,
        Sweeper,
        Upkeep,
        WebhookDeliverJob,
        { provide: QUEUE_OPTIONS, useValue: { ...queue, concurrency: { deletions: env.WORKER_CONCURRENCY } } },
      ],
    };
  }
}
