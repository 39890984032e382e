import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ReleaseCheck, type ReleaseReport } from '../release-check/release-check.js';
import { Simulation } from '../simulation/simulation.js';
import { findPlatform } from './find.js';

const releaseCheckSchema = z.strictObject({
  component_appid: z.string(),
  answer_ms: z.int().min(1).default(10_000).describe('How long to wait for the answer through message/custom/send'),
});

@ApiTags('release check')
@Controller('_control/release-check')
export class ReleaseCheckController {
  constructor(private readonly simulation: Simulation) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Plays the full-network-release check (全网发布检测) with all five groups of test accounts',
  })
  run(@Body({ schema: releaseCheckSchema }) input: z.infer<typeof releaseCheckSchema>): Promise<ReleaseReport> {
    const platform = findPlatform(this.simulation, input.component_appid);
    return new ReleaseCheck(this.simulation, platform, input.answer_ms).run();
  }
}
