import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Simulation } from '../simulation.js';
import { platformChangeSchema, platformSchema, type PlatformChange, type PlatformInput } from '../state/registry.js';
import { platformView, pushView } from './views.js';
import { findPlatform } from './find.js';
import { quotasSchema, quotasView, setQuotas, type QuotasInput } from './quotas.js';

export const platformTokensSchema = z.strictObject({
  action: z
    .enum(['expire_tokens', 'lose_tokens', 'change_ticket', 'expire_tickets'])
    .describe(
      '`expire_tokens`: 42001 · `lose_tokens`: 40001 · `change_ticket`: the next push brings a new one · `expire_tickets`: 61005',
    ),
});
type PlatformTokens = z.infer<typeof platformTokensSchema>;

@ApiTags('platforms')
@Controller('_control/platforms')
export class PlatformsController {
  constructor(private readonly simulation: Simulation) {}

  /** Registers a platform; what is left out is made up. Its ticket is pushed at once. */
  @Post()
  create(@Body({ schema: platformSchema }) input: PlatformInput) {
    return platformView(this.simulation.addPlatform(input));
  }

  @Get()
  list() {
    return { data: [...this.simulation.world.platforms.values()].map(platformView) };
  }

  @Get(':component_appid')
  get(@Param('component_appid', { schema: z.string() }) appid: string) {
    return platformView(findPlatform(this.simulation, appid));
  }

  @Patch(':component_appid')
  change(
    @Param('component_appid', { schema: z.string() }) appid: string,
    @Body({ schema: platformChangeSchema }) change: PlatformChange,
  ) {
    const platform = findPlatform(this.simulation, appid);
    this.simulation.registry.changePlatform(platform, change);
    if (change.events_url) this.simulation.tickets.start(platform);
    return platformView(platform);
  }

  /** Pushes the ticket now and tells how it was answered. */
  @Post(':component_appid/ticket')
  @HttpCode(200)
  async pushTicket(@Param('component_appid', { schema: z.string() }) appid: string) {
    const push = await this.simulation.tickets.pushNow(findPlatform(this.simulation, appid));
    return push ? pushView(push) : { state: 'no_events_url' };
  }

  @Post(':component_appid/tokens')
  @HttpCode(200)
  tokens(
    @Param('component_appid', { schema: z.string() }) appid: string,
    @Body({ schema: platformTokensSchema }) { action }: PlatformTokens,
  ) {
    const platform = findPlatform(this.simulation, appid);
    this.simulation.credentials.spoilPlatform(platform, action);
    return platformView(platform);
  }

  @Get(':component_appid/quotas')
  quotas(@Param('component_appid', { schema: z.string() }) appid: string) {
    return quotasView(this.simulation, findPlatform(this.simulation, appid).counters);
  }

  @Patch(':component_appid/quotas')
  setQuotas(
    @Param('component_appid', { schema: z.string() }) appid: string,
    @Body({ schema: quotasSchema }) input: QuotasInput,
  ) {
    const { counters } = findPlatform(this.simulation, appid);
    setQuotas(this.simulation, counters, input);
    return quotasView(this.simulation, counters);
  }
}
