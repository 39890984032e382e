import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Simulation } from '../simulation/simulation.js';
import { platformChangeSchema, platformSchema, type PlatformChange, type PlatformInput } from '../state/registry.js';
import { platformView, pushView } from './views.js';
import { findPlatform } from './find.js';
import { quotasSchema, quotasView, setQuotas, type QuotasInput } from './quotas.js';

export const platformTokensSchema = z.strictObject({
  action: z
    .enum(['issue_token', 'expire_tokens', 'lose_tokens', 'change_ticket', 'expire_tickets'])
    .describe(
      '`issue_token`: a new token, as api_component_token gives it · `expire_tokens`: 42001 · `lose_tokens`: 40001 · `change_ticket`: the next push brings a new one · `expire_tickets`: 61005',
    ),
});
type PlatformTokens = z.infer<typeof platformTokensSchema>;

@ApiTags('platforms')
@Controller('_control/platforms')
export class PlatformsController {
  constructor(private readonly simulation: Simulation) {}

  @ApiOperation({ summary: 'Registers a platform; what is left out is made up. Its ticket is pushed at once' })
  @Post()
  create(@Body({ schema: platformSchema }) input: PlatformInput) {
    return platformView(this.simulation.addPlatform(input));
  }

  @ApiOperation({ summary: 'Platforms' })
  @Get()
  list() {
    return { data: [...this.simulation.world.platforms.values()].map(platformView) };
  }

  @ApiOperation({ summary: 'One platform' })
  @Get(':component_appid')
  get(@Param('component_appid', { schema: z.string() }) appid: string) {
    return platformView(findPlatform(this.simulation, appid));
  }

  @ApiOperation({ summary: 'Changes a platform; a new events_url begins ticket pushes anew' })
  @Patch(':component_appid')
  change(
    @Param('component_appid', { schema: z.string() }) appid: string,
    @Body({ schema: platformChangeSchema }) change: PlatformChange,
  ) {
    const platform = findPlatform(this.simulation, appid);
    this.simulation.changePlatform(platform, change);
    return platformView(platform);
  }

  @ApiOperation({ summary: 'Pushes the ticket now, tells how it was answered, and shows it to whoever has no URL' })
  @Post(':component_appid/ticket')
  @HttpCode(200)
  async pushTicket(@Param('component_appid', { schema: z.string() }) appid: string) {
    const platform = findPlatform(this.simulation, appid);
    const push = await this.simulation.tickets.pushNow(platform);
    return { component_verify_ticket: platform.ticket?.value ?? null, push: push ? pushView(push) : null };
  }

  @ApiOperation({ summary: 'Expires, loses or issues component tokens and tickets' })
  @Post(':component_appid/tokens')
  @HttpCode(200)
  tokens(
    @Param('component_appid', { schema: z.string() }) appid: string,
    @Body({ schema: platformTokensSchema }) { action }: PlatformTokens,
  ) {
    const platform = findPlatform(this.simulation, appid);
    if (action !== 'issue_token') {
      this.simulation.credentials.spoilPlatform(platform, action);
      return platformView(platform);
    }
    const token = this.simulation.credentials.issueComponentToken(platform);
    return { component_access_token: token.value, expires_in: this.simulation.settings.token_lifetime_s };
  }

  @ApiOperation({ summary: "A platform's own counters" })
  @Get(':component_appid/quotas')
  quotas(@Param('component_appid', { schema: z.string() }) appid: string) {
    return quotasView(this.simulation, findPlatform(this.simulation, appid).counters);
  }

  @ApiOperation({ summary: "Sets a platform's limits and counters" })
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
