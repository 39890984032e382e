import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { html, page, type Html } from '../pages/html.js';
import { Simulation } from '../simulation/simulation.js';
import { callView } from './views.js';

const SHOWN = 20;

/** What a person sees first: who is registered, the last pushes and calls. */
@ApiExcludeController()
@Controller('_control')
export class IndexController {
  constructor(private readonly simulation: Simulation) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(): string {
    const { world, timeline, callLog, pusher, faults } = this.simulation;
    const merchants = [...world.merchants.values()];
    return page(
      'WeChat simulator',
      html`<h1>WeChat simulator</h1>
        <p>
          ${new Date(timeline.now()).toISOString()}${timeline.offsetMs === 0 ? '' : ` (clock moved by ${timeline.offsetMs} ms)`}
          · <a href="/_control/docs">control API</a> · <a href="/_control/stats">counters</a>
        </p>
        <h2>Platforms</h2>
        ${table(
          ['component_appid', 'events', 'authorizers', 'tickets'],
          [...world.platforms.values()].map((platform) => [
            platform.componentAppid,
            platform.eventsUrl ?? 'no URL',
            [...platform.grants.values()].filter((grant) => grant.isActive).length,
            platform.isTicketPushed ? 'pushed' : 'not pushed',
          ]),
        )}
        <h2>Accounts (${merchants.length})</h2>
        ${table(
          ['appid', 'name', 'messages', 'deletes today'],
          merchants
            .slice(0, SHOWN)
            .map((merchant) => [
              merchant.appid,
              merchant.nickName,
              merchant.messages.size,
              this.simulation.quotas.usage(merchant.counters, 'mass/delete', timeline.now()).used,
            ]),
        )}
        <h2>Last pushes</h2>
        ${table(
          ['kind', 'account', 'state', 'answers'],
          pusher
            .list()
            .slice(-SHOWN)
            .reverse()
            .map(({ kind, authorizerAppid, state, attempts }) => [
              kind,
              authorizerAppid ?? '',
              state,
              attempts.map(({ verdict }) => verdict).join(', '),
            ]),
        )}
        <h2>Last calls (${callLog.total})</h2>
        ${table(
          ['operation', 'account', 'errcode', 'fault', 'ms'],
          callLog
            .find({ limit: SHOWN })
            .reverse()
            .map(callView)
            .map((call) => [
              call.operation,
              call.authorizer_appid ?? call.component_appid ?? '',
              call.errcode ?? `HTTP ${call.http_status ?? '–'}`,
              call.fault ?? '',
              call.latency_ms,
            ]),
        )}
        <p>${faults.list().length} faults wait for calls.</p>`,
    );
  }
}

const table = (heads: string[], rows: (string | number)[][]): Html =>
  html`<table>
    <tr>
      ${heads.map((head) => html`<th>${head}</th>`)}
    </tr>
    ${rows.map(
      (row) =>
        html`<tr>
          ${row.map((cell) => html`<td>${cell}</td>`)}
        </tr> `,
    )}
  </table>`;
