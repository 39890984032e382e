import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  SerializeOptions,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AuditLog, type Act, type Actor, type Principal } from '@app/access';
import { WebhookDeliveries, WebhookEndpoints, type Alongside } from '@app/webhooks';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { pageOf, pageOfSchema, pageSchema } from '../http/requests/page.js';
import {
  createWebhookEndpointSchema,
  endpointChanges,
  listWebhookDeliveriesSchema,
  rotateWebhookSecretSchema,
  updateWebhookEndpointSchema,
  webhookDeliveryResource,
  webhookDeliverySchema,
  webhookEndpointResource,
  webhookEndpointSchema,
  webhookEndpointWithSecretSchema,
  type CreateWebhookEndpoint,
  type ListWebhookDeliveries,
  type RotateWebhookSecret,
  type UpdateWebhookEndpoint,
} from './webhook-endpoint.js';

const idSchema = z.uuid();

/** A key with limits sees the endpoints that hear of nothing beyond them. */
@ApiTags('webhooks')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly deliveries: WebhookDeliveries,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @MadeAt(({ id }) => `/v1/webhook-endpoints/${id}`)
  @Needs('admin')
  @Header('cache-control', 'no-store')
  @SerializeOptions({ schema: webhookEndpointWithSecretSchema })
  @Operation({
    summary: 'Add a webhook endpoint',
    description:
      'From now on, events of these types are sent there. The answer shows the secret, this once. A key ' +
      'with limits adds endpoints that hear of nothing beyond them.',
    problems: ['key_limited', 'webhook_address_private', 'webhook_endpoints_too_many'],
    answers: { 201: { description: 'The endpoint, with its secret.' } },
  })
  async create(
    @AuditedCaller() actor: Actor,
    @Body({ schema: createWebhookEndpointSchema }) { event_types: eventTypes, ...body }: CreateWebhookEndpoint,
  ) {
    const { endpoint, secret } = await this.endpoints.create(
      actor.scope,
      { ...body, eventTypes },
      this.audited(actor, 'webhook_endpoint.created'),
    );
    return { ...webhookEndpointResource(endpoint), secret };
  }

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(webhookEndpointSchema) })
  @Operation({
    summary: 'List webhook endpoints',
    description: 'Newest first. A key with limits sees the endpoints that hear of nothing beyond them.',
    answers: { 200: { description: 'A page of endpoints.' } },
  })
  async list(
    @Caller() { scope }: Principal,
    @Query({ schema: pageSchema }) { limit, cursor }: z.output<typeof pageSchema>,
  ) {
    const found = await this.endpoints.list(scope, { limit: limit + 1, after: cursor });
    return pageOf(found, limit, webhookEndpointResource);
  }

  @Get(':id')
  @Needs('admin')
  @SerializeOptions({ schema: webhookEndpointSchema })
  @Operation({
    summary: 'Read a webhook endpoint',
    description: 'Whether deliveries get through, and since when not.',
    problems: ['webhook_endpoint_not_found'],
    answers: { 200: { description: 'The endpoint, without its secret.' } },
  })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    return webhookEndpointResource(await this.endpoints.get(scope, id));
  }

  @Patch(':id')
  @Needs('admin')
  @SerializeOptions({ schema: webhookEndpointSchema })
  @Operation({
    summary: 'Change a webhook endpoint',
    description:
      'Replaces what is given; `platforms` and `merchants` stay as they were made. `state: enabled` takes a ' +
      'disabled endpoint back into service; what it missed is not sent.',
    problems: ['webhook_endpoint_not_found', 'webhook_address_private'],
    answers: { 200: { description: 'The endpoint as it is now.' } },
  })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: updateWebhookEndpointSchema }) body: UpdateWebhookEndpoint,
  ) {
    const changed = { changed: Object.keys(body).sort() };
    const alongside = this.audited(actor, 'webhook_endpoint.updated', changed);
    return webhookEndpointResource(await this.endpoints.update(actor.scope, id, endpointChanges(body), alongside));
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('admin')
  @Operation({
    summary: 'Delete a webhook endpoint',
    description: 'Its delivery log goes with it.',
    problems: ['webhook_endpoint_not_found'],
    answers: { 204: { description: 'It is gone.' } },
  })
  async delete(@AuditedCaller() actor: Actor, @Param('id', { schema: idSchema }) id: string): Promise<void> {
    await this.endpoints.delete(actor.scope, id, this.audited(actor, 'webhook_endpoint.deleted'));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Needs('admin')
  @Header('cache-control', 'no-store')
  @SerializeOptions({ schema: webhookEndpointWithSecretSchema })
  @Operation({
    summary: 'Give a webhook endpoint a new secret',
    description:
      'The new secret is shown this once. Until the overlap ends, each request carries a signature by ' + 'either.',
    problems: ['webhook_endpoint_not_found'],
    answers: { 200: { description: 'The endpoint, with its new secret.' } },
  })
  async rotateSecret(
    @AuditedCaller() actor: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: rotateWebhookSecretSchema }) { overlap_hours }: RotateWebhookSecret,
  ) {
    const { endpoint, secret } = await this.endpoints.rotateSecret(
      actor.scope,
      id,
      { overlapMs: overlap_hours * 3_600_000 },
      this.audited(actor, 'webhook_endpoint.secret_rotated', { overlap_hours }),
    );
    return { ...webhookEndpointResource(endpoint), secret };
  }

  @Post(':id/test')
  @MadeAt((_, { id }) => `/v1/webhook-endpoints/${id}/deliveries`)
  @HttpCode(202)
  @Needs('admin')
  @SerializeOptions({ schema: webhookDeliverySchema })
  @Operation({
    summary: 'Try a webhook endpoint out',
    description: 'Sends a `webhook.test` event, once. What came of it is in the delivery log.',
    problems: ['webhook_endpoint_not_found', 'webhook_endpoint_disabled'],
    answers: { 202: { description: 'The delivery, on its way.' } },
  })
  async test(@AuditedCaller() actor: Actor, @Param('id', { schema: idSchema }) id: string) {
    const endpoint = await this.endpoints.get(actor.scope, id);
    const delivery = await this.deliveries.test(endpoint, (tx, deliveryId) =>
      this.audited(actor, 'webhook_endpoint.tested', { delivery_id: deliveryId })(tx, id),
    );
    return webhookDeliveryResource(delivery);
  }

  @Get(':id/deliveries')
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(webhookDeliverySchema) })
  @Operation({
    summary: 'List the deliveries of a webhook endpoint',
    description: 'What was sent there, newest first, for 30 days unless the operators say otherwise.',
    problems: ['webhook_endpoint_not_found'],
    answers: { 200: { description: 'A page of deliveries.' } },
  })
  async listDeliveries(
    @Caller() { scope }: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listWebhookDeliveriesSchema }) { limit, cursor, state }: ListWebhookDeliveries,
  ) {
    const endpoint = await this.endpoints.get(scope, id);
    const found = await this.deliveries.list(endpoint.id, { state, limit: limit + 1, after: cursor });
    return pageOf(found, limit, webhookDeliveryResource);
  }

  @Post(':id/deliveries/:deliveryId/resend')
  @MadeAt((_, { id }) => `/v1/webhook-endpoints/${id}/deliveries`)
  @HttpCode(202)
  @Needs('admin')
  @SerializeOptions({ schema: webhookDeliverySchema })
  @Operation({
    summary: 'Send a webhook delivery again',
    description: 'Sends it now, whatever became of it, with the same webhook-id, and tries it as often as a new one.',
    problems: ['webhook_endpoint_not_found', 'webhook_delivery_not_found', 'webhook_endpoint_disabled'],
    answers: { 202: { description: 'The delivery, on its way again.' } },
  })
  async resend(
    @AuditedCaller() actor: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Param('deliveryId', { schema: idSchema }) deliveryId: string,
  ) {
    const endpoint = await this.endpoints.get(actor.scope, id);
    const delivery = await this.deliveries.resend(endpoint, deliveryId, (tx) =>
      this.audited(actor, 'webhook_endpoint.delivery_resent', { delivery_id: deliveryId })(tx, id),
    );
    return webhookDeliveryResource(delivery);
  }

  private audited(actor: Actor, action: Act['action'], data: NonNullable<Act['data']> = {}): Alongside {
    return (tx, subjectId) =>
      this.audit.append(tx, actor, { action, subjectType: 'webhook_endpoint', subjectId, data });
  }
}
