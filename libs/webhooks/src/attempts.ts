import { channel } from 'node:diagnostics_channel';

/** One attempt of this process to deliver a webhook. Tests that somebody asked for are none. */
export interface WebhookAttempt {
  outcome: 'delivered' | 'retried' | 'given_up';
}

/** Each attempt is published here once what came of it is stored. A listener must not throw. */
export const webhookAttempts = channel('retract.webhook-attempts');
