import { Module } from '@nestjs/common';
import { TelemetryModule } from '@app/telemetry';
import { MetricsController } from './metrics.controller.js';

@Module({ imports: [TelemetryModule], controllers: [MetricsController] })
export class MetricsHttpModule {}
