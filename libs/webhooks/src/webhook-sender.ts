import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Agent } from 'undici';
import { rows, SealedColumns } from '@app/database';
import { Events } from '@app/events';
import { jobs } from '@app/queue';
import type { Scope } from '@app/scope';
import { afterAttempt, type AfterAttempt, type Answer } from './after-attempt.js';
import { webhookAttempts, type WebhookAttempt } from './attempts.js';
import { guardedAgent } from './outbound/guarded-agent.js';
import { WEBHOOKS_OPTIONS, type WebhooksOptions } from './options.js';
import { isPublicAddress } from './outbound/public-address.js';
import { signedHeaders } from './outbound/signing.js';
import { MAX_IN_HAND, TEST_EVENT_TYPE, WebhookDeliveries } from './webhook-deliveries.js';
import { previousSecretPlace, secretPlace } from './webhook-endpoints.js';

interface DueDelivery {
  id: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  /** The body as it goes out. */
  body: string;
  attempts: number;
  createdAt: Date;
  url: string;
  secretSealed: string;
  /** Null when no overlap is under way. */
  previousSecretSealed: string | null;
  lastDeliveredAt: Date | null;
}

const TIMEOUT_MS = 10_000;
const READ_AT_MOST_BYTES = 4 * 1024;

/** Carries deliveries to their endpoints and stores what came of it. */
@Injectable()
export class WebhookSender implements OnApplicationShutdown {
  private readonly logger = new Logger(WebhookSender.name);
  private readonly agent: Agent;
  private readonly timeoutMs: number;
  /** The sends under way by endpoint, in this process. */
  private readonly inHand = new Map<string, number>();
  /** Endpoints for which places are being filled; true when another has come free meanwhile. */
  private readonly refills = new Map<string, boolean>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly events: Events,
    private readonly deliveries: WebhookDeliveries,
    @Inject(WEBHOOKS_OPTIONS) private readonly options: WebhooksOptions,
  ) {
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const isAllowed = options.allowPrivate ? () => true : isPublicAddress;
    this.agent = guardedAgent({ isAllowed, timeoutMs: this.timeoutMs });
  }

  /**
   * Makes one attempt. What has come to an end or is gone is left alone; what finds its endpoint crowded, as when many
   * retries fall due together, goes back into the row and waits there, so that others are not kept waiting.
   * @returns when to try again; undefined when this job has nothing more to do
   */
  async deliver(id: string): Promise<{ retryAfterMs: number } | undefined> {
    const due = await this.due(id);
    if (!due) return undefined;
    const { endpointId } = due;
    const others = this.inHand.get(endpointId) ?? 0;
    if (others >= MAX_IN_HAND) {
      await this.deliveries.giveBack(id);
      return undefined;
    }
    this.inHand.set(endpointId, others + 1);
    try {
      return await this.attempt(due);
    } finally {
      const left = (this.inHand.get(endpointId) ?? 1) - 1;
      if (left > 0) this.inHand.set(endpointId, left);
      else this.inHand.delete(endpointId);
      await this.refill(endpointId);
    }
  }

  /** Fills the places that have come free, for several deliveries at once where they end together. */
  private async refill(endpointId: string): Promise<void> {
    if (this.refills.has(endpointId)) {
      this.refills.set(endpointId, true);
      return;
    }
    do {
      this.refills.set(endpointId, false);
      // If this fails, the fan-out's next look fills them.
      await this.deliveries.enqueueWaiting(endpointId).catch(() => undefined);
    } while (this.refills.get(endpointId));
    this.refills.delete(endpointId);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async due(id: string): Promise<DueDelivery | undefined> {
    const [due] = await rows<DueDelivery>(
      this.dataSource,
      `SELECT d.id, d.endpoint_id AS "endpointId", d.event_id AS "eventId", d.event_type AS "eventType",
         d.payload::text AS body, d.attempts, d.created_at AS "createdAt", e.url, e.secret_sealed AS "secretSealed",
         CASE WHEN e.previous_secret_until > now() THEN e.previous_secret_sealed END AS "previousSecretSealed",
         e.last_delivered_at AS "lastDeliveredAt"
       FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
       WHERE d.id = $1 AND d.state = 'pending' AND e.state = 'enabled'`,
      [id],
    );
    return due;
  }

  private async attempt(due: DueDelivery): Promise<{ retryAfterMs: number } | undefined> {
    const answer = await this.send(due);
    const attempt = due.attempts + 1;
    const { createdAt, lastDeliveredAt } = due;
    const facts = { attempt, isTest: due.eventType === TEST_EVENT_TYPE, createdAt, lastDeliveredAt };
    const next = afterAttempt(answer, facts, this.options.schedule ?? jobs['webhook.deliver']);
    await this.store(due, attempt, answer, next);
    if (!facts.isTest) webhookAttempts.publish({ outcome: OUTCOMES[next.step] } satisfies WebhookAttempt);
    return next.step === 'retry' ? { retryAfterMs: next.delayMs } : undefined;
  }

  private async send({ endpointId, eventId, url, body, ...sealed }: DueDelivery): Promise<Answer> {
    const secrets = [this.sealed.unseal(secretPlace(endpointId), sealed.secretSealed)];
    if (sealed.previousSecretSealed) {
      secrets.push(this.sealed.unseal(previousSecretPlace(endpointId), sealed.previousSecretSealed));
    }
    const { origin, pathname, search } = new URL(url);
    try {
      const answer = await this.agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Retract',
          ...signedHeaders({ id: eventId, body, secrets }, new Date()),
        },
        body,
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      // The status says it all; reading the rest only frees the connection.
      await answer.body.dump({ limit: READ_AT_MOST_BYTES }).catch(() => undefined);
      return { status: answer.statusCode };
    } catch (error) {
      return { error: reasonOf(error) };
    }
  }

  private async store(due: DueDelivery, attempt: number, answer: Answer, next: AfterAttempt): Promise<void> {
    const { id, endpointId } = due;
    const facts = [id, attempt, ...columnsOf(answer)];
    if (next.step === 'retry') {
      await this.dataSource.query(
        `WITH tried AS (
           UPDATE webhook_deliveries SET attempts = $2, last_status = $3, last_error = $4,
             next_attempt_at = now() + $5 * interval '1 ms' WHERE id = $1 AND state = 'pending')
         UPDATE webhook_endpoints SET failing_since = now() WHERE id = $6 AND failing_since IS NULL`,
        [...facts, next.delayMs, endpointId],
      );
    } else if (next.step === 'delivered') {
      await this.dataSource.query(
        // The endpoint's row is written once a second at most: all its deliveries would queue up for it.
        `WITH delivered AS (
           UPDATE webhook_deliveries SET state = 'delivered', attempts = $2, last_status = $3, last_error = $4,
             is_queued = false, finished_at = now() WHERE id = $1 AND state = 'pending')
         UPDATE webhook_endpoints SET failing_since = NULL, last_delivered_at = now() WHERE id = $5
           AND (failing_since IS NOT NULL OR last_delivered_at IS NULL OR last_delivered_at < now() - interval '1 s')`,
        [...facts, endpointId],
      );
    } else {
      await this.giveUp(due, facts, next.disable);
      this.logger.error('webhook given up', { webhook_delivery_id: id, endpoint_id: endpointId, ...answer });
    }
  }

  private async giveUp(
    { endpointId }: DueDelivery,
    facts: unknown[],
    reason: 'gone' | 'failing' | undefined,
  ): Promise<void> {
    const isDisabled = await this.dataSource.transaction(async (tx) => {
      // The endpoint before its deliveries: whoever else takes both locks takes them in this order.
      const disabled = reason
        ? await rows<Scope>(
            tx,
            `UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = $2, updated_at = now()
             WHERE id = $1 AND state = 'enabled' RETURNING platforms, merchants`,
            [endpointId, reason],
          )
        : [];
      await tx.query(
        `UPDATE webhook_deliveries SET state = 'failed', attempts = $2, last_status = $3, last_error = $4,
           is_queued = false, finished_at = now() WHERE id = $1 AND state = 'pending'`,
        facts,
      );
      const [scope] = disabled;
      if (!reason || !scope) return false;
      await this.deliveries.giveUpPending(tx, endpointId);
      await this.events.append(tx, { type: 'webhook.disabled', scope, data: { id: endpointId, reason } });
      return true;
    });
    if (isDisabled) this.logger.error('webhook endpoint disabled', { endpoint_id: endpointId, reason });
  }
}

const OUTCOMES = { delivered: 'delivered', retry: 'retried', failed: 'given_up' } as const;

const columnsOf = (answer: Answer): [number | null, string | null] =>
  'status' in answer ? [answer.status, null] : [null, answer.error];

/** A code, never a message: those may repeat the address and its query. */
function reasonOf(error: unknown): string {
  // Node's own errors are of another realm under jest, so what they are is asked of their fields.
  const { name, code } = typeof error === 'object' ? ((error ?? {}) as Record<string, unknown>) : {};
  if (name === 'TimeoutError') return 'timeout';
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : 'no_answer';
}
