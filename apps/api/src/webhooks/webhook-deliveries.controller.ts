import { Body, Controller, Get, HttpCode, Post, Query, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { EntityManager } from 'typeorm';
import { AuditLog, Idempotency, type Actor, type Principal } from '@app/access';
import { typesOf } from '@app/events';
import type { Scope } from '@app/scope';
import { DeliveryLog, WebhookEndpointDisabled, WebhookEndpoints } from '@app/webhooks';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { tenantOf } from '../http/access/tenant-of.js';
import { Operation } from '../http/open-api/operation.js';
import { IdempotencyKey, tellRepeat } from '../http/requests/idempotency-key.js';
import { cursorOf, pageOf, pageOfSchema } from '../http/requests/page.js';
import {
  listAllDeliveriesSchema,
  resendDeliveriesSchema,
  resentDeliveriesSchema,
  type ListAllDeliveries,
  type ResendDeliveries,
} from './webhook-deliveries.js';
import { webhookDeliveryResource, webhookDeliverySchema } from './webhook-endpoint.js';

/** So many in one transaction. */
const RESENT_AT_A_TIME = 5_000;

/** The deliveries to all endpoints. A key with limits sees those to endpoints that hear of nothing beyond them. */
@ApiTags('webhooks')
@Controller('v1/webhook-deliveries')
export class WebhookDeliveriesController {
  constructor(
    private readonly log: DeliveryLog,
    private readonly endpoints: WebhookEndpoints,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(webhookDeliverySchema) })
  @Operation({
    summary: 'List the deliveries to all endpoints',
    description: 'What was sent to all endpoints, newest first, for 30 days unless the operators say otherwise.',
    problems: ['webhook_endpoint_not_found'],
    answers: { 200: { description: 'A page of deliveries.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listAllDeliveriesSchema }) query: ListAllDeliveries) {
    const { limit, cursor: after, endpoint: endpointId, state, type, since, until } = query;
    if (endpointId !== undefined) await this.endpoints.get(scope, endpointId);
    const filter = {
      endpointId,
      states: state && [state],
      eventTypes: typesIn(type === undefined ? undefined : [type]),
      since,
      until,
    };
    const found = await this.log.list(scope, filter, { limit: limit + 1, after });
    return pageOf(found, limit, webhookDeliveryResource);
  }

  @Post('resend')
  @HttpCode(200)
  @Needs('admin', 'works')
  @SerializeOptions({ schema: resentDeliveriesSchema })
  @Operation({
    summary: 'Send deliveries again',
    description:
      'Sends again what was made within a span of time, oldest first, each with the `webhook-id` that it had, so that ' +
      'receivers can drop what they know. Up to 5,000 a request: while `next_cursor` is not null, ask again with it. ' +
      'What is pending is left alone, and so are endpoints that are disabled.',
    problems: ['webhook_endpoint_not_found', 'webhook_endpoint_disabled'],
    answers: { 200: { description: 'How many are sent again.' } },
    repeats: 'The same key and body send nothing twice, and get the same answer.',
  })
  async resend(
    @AuditedCaller() caller: Actor,
    @Body({ schema: resendDeliveriesSchema }) body: ResendDeliveries,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { endpoint: endpointId, states, event_types: patterns, since, until, cursor: after } = body;
    const filter = { endpointId, states, eventTypes: typesIn(patterns), since, until };
    const request = { apiKeyId: caller.apiKeyId, key, fingerprint: ['POST /v1/webhook-deliveries/resend', body] };
    const answer = await this.idempotency.run(request, async (tx) => {
      if (endpointId !== undefined) await this.refuseDisabled(caller.scope, endpointId, tx);
      const page = { limit: RESENT_AT_A_TIME, after };
      const { resent, next } = await this.log.resend(tx, caller.scope, filter, page);
      await this.audit.append(tx, caller, {
        action: 'webhook_deliveries.resent',
        subjectType: 'webhook_deliveries',
        subjectId: caller.requestId,
        tenant: tenantOf(caller),
        data: {
          resent,
          endpoint: endpointId,
          states,
          event_types: patterns,
          since: since.toISOString(),
          until: until.toISOString(),
        },
      });
      return { status: 200, body: { resent, next_cursor: next === undefined ? null : cursorOf(next) } };
    });
    tellRepeat(reply, answer);
    return answer.body;
  }

  private async refuseDisabled(scope: Scope, endpointId: string, tx: EntityManager): Promise<void> {
    const { state } = await this.endpoints.get(scope, endpointId, tx);
    if (state !== 'enabled') throw new WebhookEndpointDisabled(endpointId);
  }
}

/** A test is of no type that a pattern names, so it is among all. */
const typesIn = (patterns: string[] | undefined) =>
  patterns?.includes('*') ? undefined : patterns && typesOf(patterns);
