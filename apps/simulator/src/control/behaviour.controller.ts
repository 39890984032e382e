import { Body, Controller, Delete, Get, HttpCode, NotFoundException, Param, Patch, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { pushFaultsSchema, type PushFaults } from '../push/pusher.js';
import { Simulation } from '../simulation/simulation.js';
import { OPERATION_NAMES } from '../behaviour/operation-names.js';
import { faultSchema } from '../behaviour/faults.js';
import { latencySchema } from '../behaviour/latency.js';
import { changed, settingsChangeSchema, type SettingsChange } from '../behaviour/settings.js';

const clockSchema = z.strictObject({ offset_ms: z.int().describe('Simulated time minus real time') });
const advanceSchema = z.strictObject({ ms: z.int().min(0) });
const latencyInputSchema = z.strictObject({
  operation: z.enum(['*', ...OPERATION_NAMES]).default('*'),
  latency: latencySchema.nullable().describe('null: none'),
});
const reseedSchema = z.strictObject({ seed: z.int().optional() }).default({});

/** How the simulated WeChat behaves from now on. */
@ApiTags('behaviour')
@Controller('_control')
export class BehaviourController {
  constructor(private readonly simulation: Simulation) {}

  @ApiOperation({ summary: 'Settings' })
  @Get('settings')
  settings() {
    return this.simulation.settings;
  }

  @ApiOperation({ summary: 'Changes settings' })
  @Patch('settings')
  changeSettings(@Body({ schema: settingsChangeSchema }) change: SettingsChange) {
    this.simulation.settings = changed(this.simulation.settings, change);
    return this.simulation.settings;
  }

  @ApiOperation({ summary: 'The simulated time' })
  @Get('clock')
  clock() {
    const { timeline } = this.simulation;
    return { now: new Date(timeline.now()).toISOString(), offset_ms: timeline.offsetMs };
  }

  @ApiOperation({ summary: 'Sets the offset of the simulated time' })
  @Put('clock')
  setClock(@Body({ schema: clockSchema }) input: z.infer<typeof clockSchema>) {
    this.simulation.timeline.offsetMs = input.offset_ms;
    return this.clock();
  }

  @ApiOperation({ summary: 'Moves the simulated time on; what becomes due happens' })
  @Post('clock/advance')
  @HttpCode(200)
  advance(@Body({ schema: advanceSchema }) { ms }: z.infer<typeof advanceSchema>) {
    this.simulation.timeline.offsetMs += ms;
    return this.clock();
  }

  @ApiOperation({ summary: 'Faults that wait for calls, the oldest first' })
  @Get('faults')
  faults() {
    return { data: this.simulation.faults.list() };
  }

  @ApiOperation({
    summary: 'What the next calls get: an errcode, an HTTP status, silence, a reset; before or after taking effect',
  })
  @Post('faults')
  addFault(@Body({ schema: faultSchema }) fault: z.infer<typeof faultSchema>) {
    return this.simulation.faults.add(fault);
  }

  @ApiOperation({ summary: 'Removes all faults' })
  @Delete('faults')
  @HttpCode(204)
  clearFaults() {
    this.simulation.faults.clear();
  }

  @ApiOperation({ summary: 'Removes a fault' })
  @Delete('faults/:id')
  @HttpCode(204)
  removeFault(@Param('id', { schema: z.coerce.number().int() }) id: number) {
    if (!this.simulation.faults.remove(id)) throw new NotFoundException(`No fault ${id}`);
  }

  @ApiOperation({ summary: 'Latencies' })
  @Get('latencies')
  latencies() {
    return this.simulation.latencies.list();
  }

  @ApiOperation({ summary: 'Sets how long answers take, for all operations or one' })
  @Put('latencies')
  setLatency(@Body({ schema: latencyInputSchema }) input: z.infer<typeof latencyInputSchema>) {
    this.simulation.latencies.set(input.operation, input.latency);
    return this.simulation.latencies.list();
  }

  @ApiOperation({ summary: 'Push faults' })
  @Get('push-faults')
  pushFaults() {
    return this.simulation.pusher.faults;
  }

  @ApiOperation({ summary: 'Loses, doubles, delays and reorders pushes' })
  @Put('push-faults')
  setPushFaults(@Body({ schema: pushFaultsSchema }) faults: PushFaults) {
    this.simulation.pusher.faults = faults;
    return faults;
  }

  @ApiOperation({
    summary: 'Forgets platforms, accounts, tokens, logs, faults and clock offset; chance begins again from the seed',
  })
  @Post('reset')
  @HttpCode(204)
  reset(@Body({ schema: reseedSchema }) { seed }: z.infer<typeof reseedSchema>) {
    this.simulation.reset(seed);
  }
}
