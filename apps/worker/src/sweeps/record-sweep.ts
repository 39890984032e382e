import { Injectable } from '@nestjs/common';
import { AuditHeads, AuditLog, Idempotency, Sessions } from '@app/access';
import { Events } from '@app/events';
import { WebhookDeliveries } from '@app/webhooks';
import { RetentionSweep } from './retention-sweep.js';
import { LOST_AFTER_MS, type Step } from './step.js';

/** What is kept of requests and told of events. */
@Injectable()
export class RecordSweep {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
    private readonly auditHeads: AuditHeads,
    private readonly events: Events,
    private readonly webhooks: WebhookDeliveries,
    private readonly retention: RetentionSweep,
  ) {}

  steps(): Step[] {
    return [
      () => this.idempotency.sweep(),
      () => this.sessions.forgetOld(),
      () => this.audit.chainDeferred(),
      () => this.auditHeads.noteHourly(),
      () => this.events.adoptRestored(),
      () => this.webhooks.sweep(LOST_AFTER_MS),
      ...this.retention.steps(),
    ];
  }
}
