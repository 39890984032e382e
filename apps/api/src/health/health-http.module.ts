import { Module } from '@nestjs/common';
import { TelemetryModule } from '@app/telemetry';
import { HealthController } from './health.controller.js';

@Module({ imports: [TelemetryModule], controllers: [HealthController] })
export class HealthHttpModule {}
