import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Liveness, NotReady, Readiness, type Live, type Ready } from '@app/telemetry';
import { Public } from '../http/access/access.guard.js';
import { ProblemError } from '../http/problems/problem.js';

/** `live`: the process answers. `ready`: it can do its work, because database and queue take writes. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
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
  @Header('cache-control', 'no-store')
  @Public()
  ready(): Promise<Ready> {
    return this.readiness.check().catch((error: unknown) => {
      throw error instanceof NotReady ? new ProblemError(error.code, error.message, { parts: error.parts }) : error;
    });
  }
}
