import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Simulation } from '../simulation/simulation.js';
import { callView, customMessageView, pushView } from './views.js';

const limit = z.coerce.number().int().min(1).max(10_000).default(100);

const callsSchema = z.object({
  operation: z.string().optional(),
  component_appid: z.string().optional(),
  authorizer_appid: z.string().optional(),
  errcode: z.coerce.number().int().optional(),
  since: z.coerce.number().int().optional().describe('Only calls with a higher `seq`'),
  limit,
});
const pushesSchema = z.object({
  kind: z.string().optional().describe('InfoType, Event or MsgType'),
  component_appid: z.string().optional(),
  authorizer_appid: z.string().optional(),
  state: z.enum(['pending', 'delivered', 'failed', 'lost', 'paused']).optional(),
  limit,
});
const customMessagesSchema = z.object({ authorizer_appid: z.string().optional(), limit });

/** The records of calls and pushes. */
@ApiTags('records')
@Controller('_control')
export class RecordsController {
  constructor(private readonly simulation: Simulation) {}

  @ApiOperation({ summary: 'The last calls of the open API, oldest first; secrets appear as fingerprints' })
  @Get('calls')
  calls(@Query({ schema: callsSchema }) filter: z.infer<typeof callsSchema>) {
    return { data: this.simulation.callLog.find(filter).map(callView) };
  }

  @ApiOperation({ summary: 'The last pushes with their attempts and answers, oldest first' })
  @Get('pushes')
  pushes(@Query({ schema: pushesSchema }) filter: z.infer<typeof pushesSchema>) {
    const found = this.simulation.pusher
      .list()
      .filter(
        (push) =>
          (filter.kind === undefined || push.kind === filter.kind) &&
          (filter.component_appid === undefined || push.componentAppid === filter.component_appid) &&
          (filter.authorizer_appid === undefined || push.authorizerAppid === filter.authorizer_appid) &&
          (filter.state === undefined || push.state === filter.state),
      );
    return { data: found.slice(-filter.limit).map(pushView) };
  }

  @ApiOperation({ summary: 'Customer-service messages that platforms sent' })
  @Get('custom-messages')
  customMessages(@Query({ schema: customMessagesSchema }) filter: z.infer<typeof customMessagesSchema>) {
    const found = this.simulation.world.customMessages.filter(
      ({ appid }) => filter.authorizer_appid === undefined || appid === filter.authorizer_appid,
    );
    return { data: found.slice(-filter.limit).map(customMessageView) };
  }

  @ApiOperation({
    summary: 'Counts since the start or the last reset: calls by operation and errcode, pushes by kind and state',
  })
  @Get('stats')
  stats() {
    const { world, callLog, pusher } = this.simulation;
    const pushes: Record<string, Record<string, number>> = {};
    for (const { kind, state } of pusher.list()) {
      const states = (pushes[kind] ??= {});
      states[state] = (states[state] ?? 0) + 1;
    }
    let messages = 0;
    let deleteEffects = 0;
    for (const merchant of world.merchants.values()) {
      messages += merchant.messages.size;
      for (const message of merchant.messages.values()) deleteEffects += message.deleteEffects;
    }
    return {
      platforms: world.platforms.size,
      merchants: world.merchants.size,
      messages,
      delete_effects: deleteEffects,
      calls: { total: callLog.total, by_operation: callLog.counts() },
      pushes,
    };
  }
}
