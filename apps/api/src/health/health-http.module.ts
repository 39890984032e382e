import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { TelemetryModule } from '@app/telemetry';
import { HealthController } from './health.controller.js';

@Module({
  imports: [TelemetryModule, TerminusModule.forRoot({ gracefulShutdownTimeoutMs: 0 })],
  controllers: [HealthController],
})
export class HealthHttpModule {}
