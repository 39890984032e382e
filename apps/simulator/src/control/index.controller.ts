import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { INDEX_SCRIPT, indexPage } from '../pages/index-page.js';
import { Simulation } from '../simulation/simulation.js';
import { callView } from './views.js';

const SHOWN = 10;
const searchSchema = z.object({ q: z.string().default('') });

/** The page that a person sees first: who is registered, the last pushes and calls, and what a click can do. */
@ApiExcludeController()
@Controller('_control')
export class IndexController {
  constructor(private readonly simulation: Simulation) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(@Query({ schema: searchSchema }) { q }: z.infer<typeof searchSchema>): string {
    const calls = this.simulation.callLog.find({ limit: SHOWN }).reverse().map(callView);
    return indexPage(
      this.simulation,
      calls.map((call) => ({
        operation: call.operation,
        account: call.authorizer_appid ?? call.component_appid ?? '',
        answer: String(call.errcode ?? `HTTP ${call.http_status ?? '–'}`),
        fault: call.fault ?? '',
        latencyMs: call.latency_ms,
      })),
      q,
    );
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return INDEX_SCRIPT;
  }
}
