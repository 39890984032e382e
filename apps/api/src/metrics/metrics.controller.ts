import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { JobQueues } from '@app/queue';
import { Needs, Unlimited } from '../http/access/access.guard.js';
import { Metrics } from './metrics.js';

/**
 * For Prometheus, with a key of the role viewer and without limits: figures about the traffic are not for everybody.
 */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly queues: JobQueues,
  ) {}

  @Get()
  @Needs('viewer', 'reads')
  @Unlimited()
  async expose(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, text } = await this.metrics.expose(this.queues);
    await reply.type(contentType).send(text);
  }
}
