import { Module, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '@app/database';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { WebhooksModule } from '@app/webhooks';
import { MerchantCensus } from './census/merchant-census.js';
import { telemetryEntities } from './entities.js';
import { BUILD, readBuild } from './health/build.js';
import { Liveness } from './health/liveness.js';
import { Readiness } from './health/readiness.js';
import { Exposition } from './metrics/exposition.js';
import { ProcessMetrics } from './metrics/process-metrics.js';
import { SharedCounts } from './metrics/shared-counts.js';
import { SharedFigures } from './metrics/shared-figures.js';
import { WebhookFigures } from './metrics/webhook-figures.js';

/** How a process is doing, for those who watch it. */
@Module({
  imports: [
    DatabaseModule,
    DeletionsModule,
    MerchantsModule,
    QueueModule,
    TypeOrmModule.forFeature(telemetryEntities),
    WebhooksModule,
  ],
  providers: [Exposition, Liveness, MerchantCensus, Readiness, SharedCounts, SharedFigures, WebhookFigures],
  exports: [Exposition, Liveness, MerchantCensus, Readiness],
})
export class TelemetryModule {
  /** @param metrics the connection to WeChat counts into the same */
  static settings(metrics: ProcessMetrics): ValueProvider[] {
    return [
      { provide: ProcessMetrics, useValue: metrics },
      { provide: BUILD, useValue: readBuild() },
    ];
  }
}
