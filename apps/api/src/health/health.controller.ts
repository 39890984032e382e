import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  TypeOrmHealthIndicator,
  type HealthCheckResult,
} from '@nestjs/terminus';
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
    private readonly database: TypeOrmHealthIndicator,
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
      () => this.database.pingCheck('database', { timeout: DEADLINE_MS }),
      () => this.pingQueue(),
    ]);
  }

  private async pingQueue() {
    const indicator = this.indicators.check('queue');
    try {
      await this.queues.ping(DEADLINE_MS);
      return indicator.up();
    } catch {
      return indicator.down();
    }
  }
}
