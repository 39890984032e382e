import { Controller, Get, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { OverviewFacts } from './overview-facts.js';
import { overviewResource, overviewSchema } from './overview.js';

@ApiTags('overview')
@Controller('v1/overview')
export class OverviewController {
  constructor(private readonly facts: OverviewFacts) {}

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: overviewSchema })
  @Operation({
    summary: 'See whether all is well',
    description:
      'What somebody has to see to, and how much is done, waits and is left, within the limits of the key. Figures are ' +
      'remembered for three seconds, and longer where they take long to count: ask again as often as you like.',
    answers: { 200: { description: 'The whole of it.' } },
  })
  async get(@Caller() caller: Principal) {
    return overviewResource(await this.facts.of(caller));
  }
}
