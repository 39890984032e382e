import { Injectable } from '@nestjs/common';
import { EVERYTHING } from '@app/scope';
import { WebhookDeliveries, WebhookEndpoints } from '@app/webhooks';
import type { Counts } from './shared-counts.js';

/** Endpoints that fail, and those that failures have disabled. */
export interface TroubledEndpoints {
  failing: number;
  disabled: number;
}

/** As many as there may be, and more. */
const MAX_ENDPOINTS = 10_000;

/** Of webhooks, what all processes share. */
@Injectable()
export class WebhookFigures {
  constructor(
    private readonly deliveries: WebhookDeliveries,
    private readonly all: WebhookEndpoints,
  ) {}

  async pending(): Promise<Counts> {
    return { ...(await this.deliveries.countPending()) };
  }

  async endpoints(): Promise<TroubledEndpoints> {
    const troubled = await this.all.inTrouble(EVERYTHING, MAX_ENDPOINTS);
    const disabled = troubled.filter(({ state }) => state === 'disabled').length;
    return { disabled, failing: troubled.length - disabled };
  }
}
