import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { Liveness, Readiness, type Live } from '@app/telemetry';
import { Public } from '../http/access/access.guard.js';
import { ProblemError } from '../http/problems/problem.js';

/** `live`: the process answers. `ready`: it can do its work, because database and queue take writes. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly liveness: Liveness,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  @Public()
  live(): Live {
    return this.liveness.state();
  }

  /** @throws ProblemError `not_ready` */
  @Get('ready')
  @Public()
  @HealthCheck()
  async ready(): Promise<HealthCheckResult> {
    const states = Object.entries(await this.readiness.states());
    const down = states.flatMap(([name, code]) => (code ? [`${name} (${code})`] : []));
    if (down.length > 0) {
      const parts = states.map(([name, code]) => [name, code ? { status: 'down', code } : { status: 'up' }] as const);
      throw new ProblemError('not_ready', `Not ready: ${down.join(', ')}.`, { parts: Object.fromEntries(parts) });
    }
    return this.health.check(
      states.map(
        ([name]) =>
          () =>
            Promise.resolve(this.indicators.check(name).up()),
      ),
    );
  }
}
