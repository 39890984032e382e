import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Agent } from 'undici';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { rows, SealedColumns } from '@app/database';
import { jobs, JobQueues, queues } from '@app/queue';
import { CallbackForward } from './callback-forward.entity.js';
import { forwardTarget } from './forward-target.js';

/** What is passed on unchanged. */
export interface RawPush {
  body: Buffer;
  /** Without the question mark. */
  rawQuery: string;
  contentType: string;
}

/** A forward whose job is to be added. */
export interface PlannedForward {
  id: string;
  requestId: string;
}

const sealedPushSchema = z.object({ body: z.base64(), query: z.string(), content_type: z.string() });

/** What came of an attempt: the HTTP status, or why there was none. */
type Answer = { status: number } | { error: string };

interface DueForward {
  url: string;
  pushSealed: string;
  attempts: number;
  appid: string;
  isUrlRegistered: boolean;
}

const TIMEOUT_MS = 5_000;
const READ_AT_MOST_BYTES = 64 * 1024;

/**
 * WeChat pushes to one URL only, so the provider's other systems get a copy of every recorded push, byte for byte: they
 * verify and decrypt it as if WeChat had sent it. At least once, in no particular order, for about a day.
 */
@Injectable()
export class Forwards implements OnApplicationShutdown {
  private readonly logger = new Logger(Forwards.name);
  /** As many as there are jobs at a time: a push that waited for a connection would use up its five seconds. */
  private readonly agent = new Agent({ connections: queues.forwards.concurrency });

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly queues: JobQueues,
  ) {}

  /** Writes down, in the transaction that records the push, where it must go. Enqueue after the commit. */
  async plan(
    tx: EntityManager,
    event: { id: string; requestId: string },
    urls: readonly string[],
    push: RawPush,
  ): Promise<PlannedForward[]> {
    if (urls.length === 0) return [];
    const { body, rawQuery, contentType } = push;
    const text = JSON.stringify({ body: body.toString('base64'), query: rawQuery, content_type: contentType });
    const planned = urls.map((url) => {
      const id = uuidv7();
      return { id, eventId: event.id, url, pushSealed: this.sealed.seal(cellOf(id), text) };
    });
    await tx.insert(CallbackForward, planned);
    return planned.map(({ id }) => ({ id, requestId: event.requestId }));
  }

  /** The rows are committed: if the queue cannot take the jobs now, the sweep will find them. */
  async enqueue(planned: readonly PlannedForward[]): Promise<void> {
    const items = planned.map(({ id, requestId }) => ({
      jobId: id,
      data: { callback_forward_id: id, request_id: requestId },
    }));
    try {
      await this.queues.addBulk('callback.forward', items);
    } catch (error) {
      this.logger.warn('forwards left to the sweep', { callback_forward_ids: planned.map(({ id }) => id), error });
    }
  }

  /** Gives forwards whose job was lost a job again. @returns how many were looked at */
  async sweep(olderThanMs: number): Promise<number> {
    const overdue = await rows<PlannedForward>(
      this.dataSource,
      `SELECT f.id, e.request_id AS "requestId" FROM callback_forwards f JOIN callback_events e ON e.id = f.event_id
       WHERE f.state = 'pending' AND f.next_attempt_at < now() - $1 * interval '1 ms'
       ORDER BY f.next_attempt_at LIMIT 1000`,
      [olderThanMs],
    );
    if (overdue.length > 0) await this.enqueue(overdue);
    return overdue.length;
  }

  /**
   * Sends a push to its address once. Any 2xx is success; nothing else is, redirects neither. Sending again what
   * arrived before does no harm: receivers know repeated pushes from WeChat itself.
   * @returns when to try again; undefined when it is delivered, given up or gone
   */
  async deliver(id: string): Promise<{ retryAfterMs: number } | undefined> {
    const forward = await this.due(id);
    if (!forward) return undefined;
    if (!forward.isUrlRegistered) {
      // Whoever took the address away does not want it to get anything more.
      await this.close(id, 'given_up', { attempts: forward.attempts, answer: { error: 'url_removed' } });
      return undefined;
    }
    const answer = await this.send(forward, this.unseal(id, forward.pushSealed));
    const attempts = forward.attempts + 1;
    if ('status' in answer && answer.status >= 200 && answer.status < 300) {
      await this.close(id, 'delivered', { attempts, answer });
      return undefined;
    }
    const { attempts: allowed, backoff } = jobs['callback.forward'];
    if (attempts >= allowed) {
      await this.close(id, 'given_up', { attempts, answer });
      this.logger.error('forward given up', { callback_forward_id: id, ...answer });
      return undefined;
    }
    const retryAfterMs = backoff(attempts);
    await this.dataSource.query(
      `UPDATE callback_forwards SET attempts = $2, last_status = $3, last_error = $4,
         next_attempt_at = now() + $5 * interval '1 ms' WHERE id = $1 AND state = 'pending'`,
      [id, attempts, ...columnsOf(answer), retryAfterMs],
    );
    return { retryAfterMs };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async due(id: string): Promise<DueForward | undefined> {
    const [forward] = await rows<DueForward>(
      this.dataSource,
      `SELECT f.url, f.push_sealed AS "pushSealed", f.attempts,
         COALESCE(e.authorizer_appid, p.component_appid) AS appid,
         f.url = ANY(p.forward_urls) AS "isUrlRegistered"
       FROM callback_forwards f JOIN callback_events e ON e.id = f.event_id JOIN platforms p ON p.id = e.platform_id
       WHERE f.id = $1 AND f.state = 'pending' AND f.push_sealed IS NOT NULL`,
      [id],
    );
    return forward;
  }

  private async send({ url, appid }: DueForward, push: RawPush): Promise<Answer> {
    try {
      const { statusCode, body } = await this.agent.request({
        ...forwardTarget(url, appid, push.rawQuery),
        method: 'POST',
        headers: { 'content-type': push.contentType, 'user-agent': 'Retract' },
        body: push.body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // The status says it all; reading the rest only frees the connection.
      await body.dump({ limit: READ_AT_MOST_BYTES }).catch(() => undefined);
      return { status: statusCode };
    } catch (error) {
      return { error: reasonOf(error) };
    }
  }

  private unseal(id: string, pushSealed: string): RawPush {
    const { body, query, content_type } = sealedPushSchema.parse(
      JSON.parse(this.sealed.unseal(cellOf(id), pushSealed)),
    );
    return { body: Buffer.from(body, 'base64'), rawQuery: query, contentType: content_type };
  }

  private async close(
    id: string,
    state: 'delivered' | 'given_up',
    { attempts, answer }: { attempts: number; answer: Answer },
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE callback_forwards SET state = $2, attempts = $3, last_status = $4, last_error = $5, push_sealed = NULL,
         finished_at = now() WHERE id = $1 AND state = 'pending'`,
      [id, state, attempts, ...columnsOf(answer)],
    );
  }
}

const cellOf = (id: string) => ({ table: 'callback_forwards', column: 'push_sealed', rowId: id });

const columnsOf = (answer: Answer): [number | null, string | null] =>
  'status' in answer ? [answer.status, null] : [null, answer.error];

/** A code, never a message: those may repeat the address and its query. */
function reasonOf(error: unknown): string {
  // Node's own errors are of another realm under jest, so what they are is asked of their fields.
  const { name, code } = typeof error === 'object' ? ((error ?? {}) as Record<string, unknown>) : {};
  if (name === 'TimeoutError') return 'timeout';
  return typeof code === 'string' && /^[A-Z_0-9]{1,60}$/.test(code) ? code : 'no_answer';
}
