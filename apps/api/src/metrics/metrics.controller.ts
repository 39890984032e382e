import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Exposition } from '@app/telemetry';
import { Needs, Unlimited } from '../http/access/access.guard.js';

/**
 * For Prometheus, with a key of the role viewer and without limits: figures about the traffic are not for everybody.
 */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly exposition: Exposition) {}

  @Get()
  @Needs('viewer', 'reads')
  @Unlimited()
  async expose(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, text } = await this.exposition.text();
    await reply.type(contentType).send(text);
  }
}
