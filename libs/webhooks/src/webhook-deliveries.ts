import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { forgetInSteps, recordset, rows, statement } from '@app/database';
import { eventMessage, isInScope, matchesPattern, withoutMetadata, type FeedEvent } from '@app/events';
import { JobQueues } from '@app/queue';
import type { Scope } from '@app/scope';
import { WebhookDeliveryNotFound, WebhookEndpointDisabled } from './errors.js';
import { WebhookDelivery, type DeliveryState } from './webhook-delivery.entity.js';

export const TEST_EVENT_TYPE = 'webhook.test';

/** The places that one endpoint may take, in all workers: a slow or dead one must not take all that there are. */
export const MAX_IN_HAND = 10;

/** SQL: what makes one pending again. The count makes it another job: the one before may still wait for hours. */
export const SENT_AGAIN = `state = 'pending', is_queued = false, resends = resends + 1, attempts = 0,
  next_attempt_at = now(), finished_at = NULL`;

/** Behind the ids of all. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const AT_A_TIME = 1_000;

/** Of what is pending. While a receiver is away, it may be millions. */
export const COUNTED_AT_MOST = 10_000;

/** A delivery whose job is to be added. */
export interface QueuedDelivery {
  id: string;
  eventId: string;
  resends: number;
}

/** Events on their way to endpoints: the rows, and which of them have a job. */
@Injectable()
export class WebhookDeliveries {
  private readonly logger = new Logger(WebhookDeliveries.name);

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(WebhookDelivery) private readonly repository: Repository<WebhookDelivery>,
    private readonly queues: JobQueues,
  ) {}

  /** Makes the deliveries of these events to the endpoints that want them. An event that comes again makes none. */
  async plan(tx: EntityManager, events: readonly FeedEvent[]): Promise<void> {
    const endpoints = await rows<{ id: string; eventTypes: string[]; createdAt: Date; now: Date } & Scope>(
      tx,
      // The lock keeps them from being deleted meanwhile; changes need not wait for it.
      `SELECT id, event_types AS "eventTypes", platforms, merchants, created_at AS "createdAt", now()
       FROM webhook_endpoints WHERE state = 'enabled' ORDER BY id FOR KEY SHARE`,
    );
    const planned = events.flatMap((event, seq) =>
      endpoints
        .filter(
          ({ eventTypes, createdAt, ...scope }) =>
            // An endpoint is not told of events before it was made.
            event.createdAt >= createdAt &&
            eventTypes.some((pattern) => matchesPattern(pattern, event.type)) &&
            isInScope(scope, event),
        )
        // Ids have the time of the row, to the millisecond: those of a span of time are found by them.
        .map(({ id, now }) => ({ id: uuidv7({ msecs: now.getTime(), seq }), endpointId: id, event })),
    );
    if (planned.length === 0) return;
    const hidden = await this.askedBeyond(tx, planned);
    const deliveries = planned.map(({ id, endpointId, event }) => ({
      id,
      endpointId,
      eventId: event.id,
      eventType: event.type,
      payload: JSON.stringify(eventMessage(hidden.has(id) ? withoutMetadata(event) : event)),
    }));
    const { parameters, bind } = statement();
    const columns = { id: 'uuid', endpointId: 'uuid', eventId: 'uuid', eventType: 'text', payload: 'json' } as const;
    await tx.query(
      `INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, payload)
       SELECT * FROM ${recordset(bind, 'planned', deliveries, columns)}
       ON CONFLICT (endpoint_id, event_id) DO NOTHING`,
      parameters,
    );
  }

  /** The deliveries to endpoints with limits whose metadata is none of theirs. @returns ids of deliveries */
  private async askedBeyond(
    tx: EntityManager,
    planned: { id: string; endpointId: string; event: FeedEvent }[],
  ): Promise<Set<string>> {
    const { parameters, bind } = statement();
    const deliveries = planned.map(({ id, endpointId, event }) => ({ id, endpointId, eventId: event.id }));
    const found = await rows<{ id: string }>(
      tx,
      `SELECT t.id FROM ${recordset(bind, 't', deliveries, { id: 'uuid', endpointId: 'uuid', eventId: 'uuid' })}
       JOIN webhook_endpoints e ON e.id = t.endpoint_id AND (e.platforms IS NOT NULL OR e.merchants IS NOT NULL)
       JOIN events s ON s.id = t.event_id
       WHERE s.data ? 'metadata' AND NOT asked_within(s.requested_by, e.platforms, e.merchants)`,
      parameters,
    );
    return new Set(found.map(({ id }) => id));
  }

  /**
   * Gives jobs to waiting deliveries, oldest first, as many as each endpoint may have in hand.
   * @param endpointId of one endpoint only
   * @returns how many
   */
  async enqueueWaiting(endpointId?: string): Promise<number> {
    const queued = await rows<QueuedDelivery>(
      this.dataSource,
      `UPDATE webhook_deliveries SET is_queued = true, next_attempt_at = now() WHERE id = ANY(ARRAY(
         SELECT waiting.id FROM webhook_endpoints e
         CROSS JOIN LATERAL (
           SELECT count(*) AS in_hand FROM webhook_deliveries d
           WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.is_queued AND d.next_attempt_at <= now()
         ) now_at_it
         CROSS JOIN LATERAL (
           SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending' AND NOT d.is_queued
           ORDER BY d.id LIMIT greatest(0, $1 - now_at_it.in_hand) FOR UPDATE SKIP LOCKED
         ) waiting
         WHERE e.state = 'enabled' AND ($2::uuid IS NULL OR e.id = $2)))
       RETURNING id, event_id AS "eventId", resends`,
      [MAX_IN_HAND, endpointId ?? null],
    );
    await this.enqueue(queued);
    return queued.length;
  }

  /**
   * Takes the job from a delivery that finds too many of its endpoint under way; it gets another when there is room.
   */
  async giveBack(id: string): Promise<void> {
    await this.dataSource.query(`UPDATE webhook_deliveries SET is_queued = false WHERE id = $1 AND state = 'pending'`, [
      id,
    ]);
  }

  /** Gives deliveries whose job was lost a job again; one that still has its job is not added twice. */
  async sweep(olderThanMs: number): Promise<void> {
    const overdue = await rows<QueuedDelivery>(
      this.dataSource,
      `SELECT id, event_id AS "eventId", resends FROM webhook_deliveries
       WHERE state = 'pending' AND is_queued AND next_attempt_at < now() - $1 * interval '1 ms'
       ORDER BY next_attempt_at LIMIT $2`,
      [olderThanMs, AT_A_TIME],
    );
    await this.enqueue(overdue);
  }

  /** How many are on their way: with a job, and without one. COUNTED_AT_MOST stands for as many or more. */
  async countPending(): Promise<{ queued: number; unqueued: number }> {
    // In the order of its index: whatever Postgres believes how many there are, it does not look for them in the table.
    const count = (which: string, order: string) => `(SELECT count(*)::int FROM (SELECT FROM webhook_deliveries
      WHERE state = 'pending' AND ${which} ORDER BY ${order} LIMIT ${COUNTED_AT_MOST}) AS pending)`;
    const [pending] = await rows<{ queued: number; unqueued: number }>(
      this.dataSource,
      `SELECT ${count('is_queued', 'endpoint_id, next_attempt_at')} AS queued,
         ${count('NOT is_queued', 'endpoint_id, id')} AS unqueued`,
    );
    return { queued: 0, unqueued: 0, ...pending };
  }

  /** Newest first. `after`: the id after which the page starts. */
  async list(
    endpointId: string,
    { state, limit, after }: { state?: DeliveryState | undefined; limit: number; after?: string | undefined },
  ): Promise<WebhookDelivery[]> {
    const query = this.repository
      .createQueryBuilder('delivery')
      .where('delivery.endpointId = :endpointId', { endpointId });
    if (state) {
      // As the index of states has them, and no other: the newest may all be in another state, as behind a receiver that is
      // away.
      query
        .andWhere('delivery.state >= :state AND (delivery.state, delivery.id) < (:state, :before)')
        .setParameters({ state, before: after ?? LAST_ID })
        .orderBy('delivery.state', 'DESC');
    } else if (after) query.andWhere('delivery.id < :after', { after });
    query.addOrderBy('delivery.id', 'DESC');
    return query.limit(limit).getMany();
  }

  /** @throws WebhookDeliveryNotFound */
  async get(endpointId: string, id: string, tx = this.dataSource.manager): Promise<WebhookDelivery> {
    const delivery = await tx.findOneBy(WebhookDelivery, { endpointId, id });
    if (!delivery) throw new WebhookDeliveryNotFound(id);
    return delivery;
  }

  /**
   * Sends one again, now, whatever became of it, and tries it as often as a new one.
   * @throws WebhookDeliveryNotFound, WebhookEndpointDisabled
   */
  async resend(
    endpoint: { id: string; state: string },
    id: string,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<WebhookDelivery> {
    if (endpoint.state !== 'enabled') throw new WebhookEndpointDisabled(endpoint.id);
    const delivery = await this.dataSource.transaction(async (tx) => {
      await tx.query(`UPDATE webhook_deliveries SET ${SENT_AGAIN} WHERE endpoint_id = $1 AND id = $2`, [
        endpoint.id,
        id,
      ]);
      const resent = await this.get(endpoint.id, id, tx);
      await alongside?.(tx);
      return resent;
    });
    await this.enqueueSoon(endpoint.id);
    return delivery;
  }

  /** Sends an event that tells nothing, once, to see whether it arrives. @throws WebhookEndpointDisabled */
  async test(
    endpoint: { id: string; state: string },
    alongside?: (tx: EntityManager, deliveryId: string) => Promise<void>,
  ): Promise<WebhookDelivery> {
    if (endpoint.state !== 'enabled') throw new WebhookEndpointDisabled(endpoint.id);
    const [id, eventId] = [uuidv7(), uuidv7()];
    const timestamp = new Date().toISOString();
    const payload = { id: eventId, type: TEST_EVENT_TYPE, timestamp, data: { endpoint_id: endpoint.id } };
    await this.dataSource.transaction(async (tx) => {
      await tx.insert(WebhookDelivery, {
        id,
        endpointId: endpoint.id,
        eventId,
        eventType: TEST_EVENT_TYPE,
        payload,
      });
      await alongside?.(tx, id);
    });
    await this.enqueueSoon(endpoint.id);
    return this.get(endpoint.id, id);
  }

  /** Ends what is open of an endpoint that is disabled. */
  async giveUpPending(tx: EntityManager, endpointId: string): Promise<void> {
    await tx.query(
      `UPDATE webhook_deliveries SET state = 'failed', last_error = 'endpoint_disabled', is_queued = false,
         finished_at = now() WHERE endpoint_id = $1 AND state = 'pending'`,
      [endpointId],
    );
  }

  /** Deletes what came to an end longer ago. */
  async forgetOld(days: number): Promise<void> {
    const isOld = `state <> 'pending' AND finished_at < now() - $1 * interval '1 day'`;
    await forgetInSteps(async (atMost) => {
      const forgotten = await rows(
        this.dataSource,
        // One that is sent again meanwhile is not old any more.
        `DELETE FROM webhook_deliveries WHERE ${isOld} AND id = ANY(ARRAY(
           SELECT id FROM webhook_deliveries WHERE ${isOld} ORDER BY finished_at LIMIT $2))
         RETURNING 1`,
        [days, atMost],
      );
      return forgotten.length;
    });
  }

  /** When the oldest that is kept came to its end. */
  async oldestEndAt(): Promise<Date | undefined> {
    const [oldest] = await rows<{ at: Date }>(
      this.dataSource,
      `SELECT finished_at AS at FROM webhook_deliveries WHERE state <> 'pending' ORDER BY finished_at LIMIT 1`,
    );
    return oldest?.at;
  }

  /** The row is committed: if the queue cannot take the job now, the worker will find it. */
  private async enqueueSoon(endpointId: string): Promise<void> {
    try {
      await this.enqueueWaiting(endpointId);
    } catch (error) {
      this.logger.warn('webhooks left to the sweep', { endpoint_id: endpointId, error });
    }
  }

  private async enqueue(queued: readonly QueuedDelivery[]): Promise<void> {
    await this.queues.addBulk(
      'webhook.deliver',
      queued.map(({ id, eventId, resends }) => ({
        jobId: resends === 0 ? id : `${id}-${resends}`,
        data: { webhook_delivery_id: id, request_id: eventId },
      })),
    );
  }
}
