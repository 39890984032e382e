import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { Event, WebhookTestEvent } from './generated/index.js';

/** What is told: `type` says what `data` has. */
export type WebhookEvent = Event | WebhookTestEvent;

/** What a request brings: those of `node:http`, of frameworks, and of fetch. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | string[] | undefined>>;

/** The request is not from Retract, or is older than it may be. Answer it with 401. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

/** The library that verifies takes nothing older. */
const TOLERANCE_SECONDS = 5 * 60;

/** Tells the requests of an endpoint from those of others. */
export class WebhookReceiver {
  private readonly webhooks: readonly Webhook[];
  private readonly toleranceSeconds: number;

  /**
   * @param secrets `whsec_…`; several while one takes the place of another
   * @param options `toleranceSeconds`: how far the clocks may be apart, and how old a request may be; at most 300, which it is by itself
   */
  constructor(secrets: string | readonly string[], { toleranceSeconds = TOLERANCE_SECONDS } = {}) {
    this.webhooks = [secrets].flat().map((secret) => new Webhook(secret));
    if (this.webhooks.length === 0) throw new TypeError('A webhook needs a secret.');
    if (!(toleranceSeconds > 0 && toleranceSeconds <= TOLERANCE_SECONDS)) {
      throw new RangeError(`toleranceSeconds must be above 0 and at most ${TOLERANCE_SECONDS}.`);
    }
    this.toleranceSeconds = toleranceSeconds;
  }

  /**
   * @param body as it came, byte by byte: what was parsed and written again has another signature
   * @throws WebhookRefused
   */
  verify(body: string | Uint8Array, headers: WebhookHeaders): WebhookEvent {
    const signed = {
      'webhook-id': headerOf(headers, 'webhook-id'),
      'webhook-timestamp': headerOf(headers, 'webhook-timestamp'),
      'webhook-signature': headerOf(headers, 'webhook-signature'),
    };
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    if (Math.abs(Date.now() / 1_000 - Number(signed['webhook-timestamp'])) > this.toleranceSeconds) {
      throw new WebhookRefused('It is too old, or from the future.');
    }
    for (const webhook of this.webhooks) {
      try {
        webhook.verify(text, signed, { jsonParse: false });
      } catch (error) {
        if (error instanceof WebhookVerificationError) continue;
        throw error;
      }
      return JSON.parse(text) as WebhookEvent;
    }
    throw new WebhookRefused('It is not signed with a secret of this endpoint, or is too old.');
  }
}

function headerOf(headers: WebhookHeaders, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? '';
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return [found].flat()[0] ?? '';
}
