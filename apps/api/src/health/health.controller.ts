import { once } from 'node:events';
import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { JobQueues } from '@app/queue';
import { Public } from '../http/access.guard.js';

const DEADLINE_MS = 2_000;

/** `live`: the process answers. `ready`: it can do its work, because database and queue answer. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly dataSource: DataSource,
    private readonly queues: JobQueues,
  ) {}

  @Get('live')
  @Public()
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.ping('database', () => this.dataSource.query('SELECT 1')),
      () => this.ping('queue', () => this.queues.ping(DEADLINE_MS)),
    ]);
  }

  private async ping(name: string, answer: () => Promise<unknown>) {
    const indicator = this.indicators.check(name);
    const tooLate = AbortSignal.timeout(DEADLINE_MS);
    try {
      await Promise.race([answer(), once(tooLate, 'abort').then(() => Promise.reject(new Error('no answer in time')))]);
      return indicator.up();
    } catch {
      return indicator.down();
    }
  }
}
