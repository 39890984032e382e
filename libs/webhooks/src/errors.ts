/** Base of what this lib throws. `code` is stable; messages name the thing and the next step, never a secret. */
export class WebhooksError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class WebhookEndpointNotFound extends WebhooksError {
  constructor(id: string) {
    super('webhook_endpoint_not_found', `There is no webhook endpoint ${id}.`);
  }
}

export class WebhookDeliveryNotFound extends WebhooksError {
  constructor(id: string) {
    super('webhook_delivery_not_found', `There is no webhook delivery ${id} of this endpoint.`);
  }
}

/** The endpoint is disabled: nothing is sent there until it is enabled. */
export class WebhookEndpointDisabled extends WebhooksError {
  constructor(id: string) {
    super('webhook_endpoint_disabled', `Webhook endpoint ${id} is disabled: enable it first, with PATCH.`);
  }
}

/** The address leads into the own network. */
export class WebhookAddressPrivate extends WebhooksError {
  constructor() {
    super(
      'webhook_address_private',
      'The url is not a public address: webhooks go to the internet only, unless WEBHOOKS_ALLOW_PRIVATE is set.',
    );
  }
}

/** Every event is multiplied by the endpoints. */
export class WebhookEndpointsTooMany extends WebhooksError {
  constructor(max: number) {
    super('webhook_endpoints_too_many', `There are ${max} webhook endpoints within these limits: delete one first.`);
  }
}

/** A key with limits cannot make an endpoint that hears more than the key may see. */
export class WebhookScopeTooWide extends WebhooksError {
  constructor() {
    super('key_limited', 'The endpoint would hear of platforms or merchants that the API key has no right to.');
  }
}
