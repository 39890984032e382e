import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { forgetInSteps, rows, SealedColumns } from '@app/database';
import { JobQueues } from '@app/queue';
import { AuthorizerApi, releaseCheckAnswer } from '@app/wechat';
import { AuthorizationCodeRefused } from '../errors.js';
import { AuthorizerTokens } from '../grants/authorizer-tokens.js';
import { GrantExchange } from '../grants/grant-exchange.js';
import { Platforms } from '../platforms/platforms.js';
import { CallbackEvent } from './callback-event.entity.js';
import { payloadSchema, type Payload } from './push-event.js';

/** Documented as ten minutes, seen as an hour. */
const CODE_LIFETIME = '2 hours';

/**
 * What becomes of recorded pushes after WeChat has its answer: the slow ones have a job, and all are forgotten some
 * day.
 */
@Injectable()
export class CallbackProcessing {
  private readonly logger = new Logger(CallbackProcessing.name);

  constructor(
    @InjectRepository(CallbackEvent) private readonly events: Repository<CallbackEvent>,
    private readonly sealed: SealedColumns,
    private readonly platforms: Platforms,
    private readonly exchange: GrantExchange,
    private readonly tokens: AuthorizerTokens,
    private readonly api: AuthorizerApi,
    private readonly queues: JobQueues,
  ) {}

  sealPayload(eventId: string, payload: Payload): string {
    return this.sealed.seal(cellOf(eventId), JSON.stringify(payload));
  }

  /** The row is committed: if the queue cannot take the job now, the sweep will find it. */
  async enqueue({ id, requestId }: { id: string; requestId: string }): Promise<void> {
    try {
      await this.queues.add('callback.process', { callback_event_id: id, request_id: requestId }, { jobId: id });
    } catch (error) {
      this.logger.warn('callback event left to the sweep', { callback_event_id: id, error });
    }
  }

  /** The slow part of an event, run by a job: exchanges its authorization code. Doing it twice does no harm. */
  async process(eventId: string): Promise<void> {
    const event = await this.events.findOneBy({ id: eventId });
    if (event?.state !== 'pending' || !event.payloadSealed) return;
    const { code, toUser } = payloadSchema.parse(JSON.parse(this.sealed.unseal(cellOf(event.id), event.payloadSealed)));
    const platform = await this.platforms.byId(event.platformId);
    try {
      const merchant = await this.exchange.exchange(platform, {
        code,
        grantedAt: event.pushedAt,
        authorizerAppid: event.authorizerAppid ?? undefined,
      });
      if (toUser !== undefined) {
        const { token } = await this.tokens.current(merchant);
        await this.api.sendCustomText({ accessToken: token, toUser, text: releaseCheckAnswer(code) });
      }
      await this.close(event.id, 'done', null);
    } catch (error) {
      if (!(error instanceof AuthorizationCodeRefused)) throw error;
      await this.close(event.id, 'failed', error.failureCode);
    }
  }

  /**
   * Gives events whose job was lost (a crash between commit and enqueue, a lost queue) a job again, and gives those up
   * whose authorization code cannot be alive any more: reconciliation will find the grant.
   */
  async sweep(olderThanMs: number): Promise<number> {
    await this.events.manager.query(
      `UPDATE callback_events SET state = 'failed', failure_code = 'expired', payload_sealed = NULL,
         processed_at = now()
       WHERE state = 'pending' AND received_at < now() - interval '${CODE_LIFETIME}'`,
    );
    const pending = await rows<{ id: string; requestId: string }>(
      this.events.manager,
      `SELECT id, request_id AS "requestId" FROM callback_events
       WHERE state = 'pending' AND received_at < now() - $1 * interval '1 ms' ORDER BY received_at LIMIT 1000`,
      [olderThanMs],
    );
    await this.queues.addBulk(
      'callback.process',
      pending.map(({ id, requestId }) => ({ jobId: id, data: { callback_event_id: id, request_id: requestId } })),
    );
    return pending.length;
  }

  /**
   * Forgets what nobody needs any more. A push that is played again after that changes nothing: its code is dead, its
   * ticket or its news older than what is stored.
   */
  async forgetOld(days: number): Promise<void> {
    const isOld = (moment: string) => `${moment} < now() - $1 * interval '1 day'`;
    const forget = (statement: string) =>
      forgetInSteps(async (atMost) => (await rows(this.events.manager, statement, [days, atMost])).length);
    await forget(
      `WITH old AS (
         SELECT id FROM callback_events WHERE ${isOld('received_at')} AND state <> 'pending'
         ORDER BY received_at LIMIT $2
       ), forwards AS (
         DELETE FROM callback_forwards WHERE event_id = ANY(ARRAY(SELECT id FROM old))
       )
       DELETE FROM callback_events WHERE id = ANY(ARRAY(SELECT id FROM old)) RETURNING 1`,
    );
    await forget(
      `DELETE FROM authorization_codes WHERE (platform_id, code_hash) IN (
         SELECT platform_id, code_hash FROM authorization_codes WHERE ${isOld('created_at')}
         ORDER BY created_at LIMIT $2)
       RETURNING 1`,
    );
    await forget(
      `DELETE FROM used_authorization_states WHERE id = ANY(ARRAY(
         SELECT id FROM used_authorization_states WHERE ${isOld('used_at')} ORDER BY used_at LIMIT $2))
       RETURNING 1`,
    );
  }

  /** When the oldest push that is kept, and was worked off, was received. */
  async oldestAt(): Promise<Date | undefined> {
    const [oldest] = await rows<{ at: Date }>(
      this.events.manager,
      `SELECT received_at AS at FROM callback_events WHERE state <> 'pending' ORDER BY received_at LIMIT 1`,
    );
    return oldest?.at;
  }

  private async close(id: string, state: 'done' | 'failed', failureCode: string | null): Promise<void> {
    await this.events.update({ id }, { state, failureCode, payloadSealed: null, processedAt: () => 'now()' });
  }
}

const cellOf = (id: string) => ({ table: 'callback_events', column: 'payload_sealed', rowId: id });
