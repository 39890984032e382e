import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { isItemError, rows, SealedColumns, type Sql } from '@app/database';
import { Batcher } from '@app/concurrency';
import { JobQueues } from '@app/queue';
import {
  AuthorizerApi,
  openPush,
  readMassSendFinish,
  refuseForAge,
  releaseCheckAnswer,
  releaseCheckTask,
  sealReply,
  textReply,
  type AgeRefusal,
  type PushFlaw,
  type PushRefusal,
  type ReleaseCheckTask,
  type XmlFields,
} from '@app/wechat';
import { AuthorizerTokens } from '../grants/authorizer-tokens.js';
import { CallbackEvent, type CallbackChannel } from './callback-event.entity.js';
import { AuthorizationCodeRefused, PlatformNotFound } from '../errors.js';
import { Forwards, type PlannedForward, type RawPush } from './forwards.js';
import { GrantExchange } from '../grants/grant-exchange.js';
import { MassMessages } from '../inventory/mass-messages.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { Platforms, type Platform } from '../platforms/platforms.js';

export interface ReceivedPush extends RawPush {
  componentAppid: string;
  channel: CallbackChannel;
  query: Record<string, unknown>;
  /** From the path of the message URL. */
  authorizerAppid?: string;
  requestId: string;
}

export type Receipt =
  | {
      accepted: true;
      kind: string;
      isDuplicate: boolean;
      /** What is wrong with its text, if anything. */
      flaw?: PushFlaw;
      /** It is addressed to another account than that of its path: recorded, and nothing else was done. */
      isMisaddressed?: true;
      /** Encrypted XML, where not `success` is wanted. */
      reply?: string;
    }
  | {
      accepted: false;
      reason: PushRefusal | AgeRefusal | 'unknown_platform';
      /** Of one that is refused for its time, by its signed timestamp and our clock. */
      ageS?: number;
    };

export const CALLBACK_OPTIONS = Symbol('callback options');
export interface CallbackOptions {
  /** How far a push's time may be from ours, either way: at most half of `RETENTION`, so that none is taken twice. */
  maxAgeS: number;
}

type Effect = (tx: EntityManager) => Promise<unknown>;

/** Documented as ten minutes, seen as an hour. */
const CODE_LIFETIME = '2 hours';
const RETENTION = '30 days';
/** What is told of a push that is addressed to another account than that of its path. */
const WRONG_ACCOUNT = 'wrong_account';

/** A push to be recorded. */
interface Incoming {
  event: CallbackEvent;
  /** To which account its own text is addressed, as far as it says so. */
  toUserName: string | undefined;
}

interface Recorded {
  isMisaddressed: boolean;
}

/** What the job needs of an event: its authorization code, and for WeChat's release check to whom the answer goes. */
const payloadSchema = z.object({ code: z.string(), toUser: z.string().optional() });
type Payload = z.output<typeof payloadSchema>;

/**
 * Takes in WeChat's pushes: verified, recorded once, acted upon as far as they can be read. What is quick and local happens before the answer (WeChat
 * waits 5 s); what has to ask WeChat becomes a job.
 */
@Injectable()
export class CallbackInbox {
  private readonly logger = new Logger(CallbackInbox.name);
  private readonly alone = new Batcher((incoming: Incoming[]) => this.record(this.dataSource, incoming), isItemError);

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly platforms: Platforms,
    private readonly grantRows: GrantRows,
    private readonly grants: GrantExchange,
    private readonly massMessages: MassMessages,
    private readonly tokens: AuthorizerTokens,
    private readonly authorizerApi: AuthorizerApi,
    private readonly forwards: Forwards,
    private readonly queues: JobQueues,
    @Inject(CALLBACK_OPTIONS) private readonly options: CallbackOptions,
  ) {}

  async receive(push: ReceivedPush): Promise<Receipt> {
    if (!isSigned(push.query)) return { accepted: false, reason: 'bad_signature' };
    const credentials = await this.platforms.pushCredentials(push.componentAppid).catch((error: unknown) => {
      if (error instanceof PlatformNotFound) return undefined;
      throw error;
    });
    if (!credentials) return { accepted: false, reason: 'unknown_platform' };
    const { platform, token, aesKeys } = credentials;
    const opened = openPush({ body: push.body, query: push.query, token, aesKeys, appid: push.componentAppid });
    if (!opened.ok) return { accepted: false, reason: opened.reason };
    const { maxAgeS } = this.options;
    const untimely = refuseForAge(push.query['timestamp'], { now: new Date(), maxAgeS });
    if (untimely) return { accepted: false, ...untimely };

    const { fields, flaw } = opened;
    const check = push.authorizerAppid ? releaseCheckTask(push.authorizerAppid, fields) : undefined;
    const payload = push.channel === 'authorization' ? grantPayload(fields) : checkPayload(check);
    const event = eventOf(platform, push, opened, payload !== undefined);
    if (payload) event.payloadSealed = this.sealed.seal(placeOf(event.id), JSON.stringify(payload));
    const incoming = { event, toUserName: push.channel === 'message' ? textOf(fields, 'ToUserName') : undefined };
    const { record, planned } = await this.store(
      incoming,
      this.effectOf(platform, event, fields),
      platform.forwardUrls,
      push,
    );
    const receipt = { accepted: true as const, kind: event.kind, isDuplicate: !record, ...(flaw && { flaw }) };
    if (record?.isMisaddressed) return { ...receipt, isMisaddressed: true };
    // WeChat's answer does not wait for the queue: the rows are there, and the sweep looks after them.
    if (planned.length) void this.forwards.enqueue(planned);
    if (record && event.state === 'pending') void this.enqueue(event);
    if (check?.task !== 'reply') return receipt;
    const timestamp = Math.floor(Date.now() / 1000);
    const plaintext = textReply(fields, check.text, timestamp);
    const nonce = typeof push.query['nonce'] === 'string' ? push.query['nonce'] : event.id;
    const sealing = { aesKey: opened.aesKey, token, appid: push.componentAppid, plaintext, timestamp, nonce };
    return { ...receipt, reply: sealReply(sealing) };
  }

  /** The slow part of an event, run by a job: exchanges its authorization code. Doing it twice does no harm. */
  async process(eventId: string): Promise<void> {
    const event = await this.dataSource.manager.findOneBy(CallbackEvent, { id: eventId });
    if (event?.state !== 'pending' || !event.payloadSealed) return;
    const { code, toUser } = payloadSchema.parse(JSON.parse(this.sealed.open(placeOf(event.id), event.payloadSealed)));
    const platform = await this.platforms.byId(event.platformId);
    try {
      const merchant = await this.grants.exchange(platform, {
        code,
        grantedAt: event.pushedAt,
        authorizerAppid: event.authorizerAppid ?? undefined,
      });
      if (toUser !== undefined) {
        const { token } = await this.tokens.current(merchant);
        await this.authorizerApi.sendCustomText({ accessToken: token, toUser, text: releaseCheckAnswer(code) });
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
    await this.dataSource.query(
      `UPDATE callback_events SET state = 'failed', failure_code = 'expired', payload_sealed = NULL, processed_at = now()
       WHERE state = 'pending' AND received_at < now() - interval '${CODE_LIFETIME}'`,
    );
    const pending = await rows<{ id: string; requestId: string }>(
      this.dataSource,
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
  async forgetOld(): Promise<void> {
    const isOld = (moment: string) => `${moment} < now() - interval '${RETENTION}'`;
    await this.dataSource.query(
      `WITH old AS (SELECT id FROM callback_events WHERE ${isOld('received_at')} AND state <> 'pending' ORDER BY received_at LIMIT 10000),
         forwards AS (DELETE FROM callback_forwards WHERE event_id = ANY(ARRAY(SELECT id FROM old)))
       DELETE FROM callback_events WHERE id = ANY(ARRAY(SELECT id FROM old))`,
    );
    await this.dataSource.query(`DELETE FROM authorization_codes WHERE ${isOld('created_at')}`);
    await this.dataSource.query(`DELETE FROM used_authorization_states WHERE ${isOld('used_at')}`);
  }

  /**
   * Where the row is all that there is to write, as for most pushes, those that come at the same time share a statement; a
   * transaction where more belongs to it.
   * @returns no record when the same push was recorded before
   */
  private async store(
    incoming: Incoming,
    effect: Effect | undefined,
    forwardUrls: string[],
    push: RawPush,
  ): Promise<{ record: Recorded | undefined; planned: PlannedForward[] }> {
    if (!effect && forwardUrls.length === 0) return { record: await this.alone.submit(incoming), planned: [] };
    return this.dataSource.transaction(async (tx) => {
      const [record] = await this.record(tx, [incoming]);
      if (!record || record.isMisaddressed) return { record, planned: [] };
      await effect?.(tx);
      return { record, planned: await this.forwards.plan(tx, incoming.event, forwardUrls, push) };
    });
  }

  /**
   * Whether a push is addressed to the account of its path is told by the account's facts, as they are in that moment. Where they
   * are not known, it is taken.
   * @returns of each, undefined when the same push was recorded before
   */
  private async record(sql: Sql, incoming: Incoming[]): Promise<(Recorded | undefined)[]> {
    const of = <Name extends keyof CallbackEvent>(name: Name) => incoming.map(({ event }) => event[name]);
    const recorded = await rows<{ id: string } & Recorded>(
      sql,
      // In one order, so that two processes that WeChat pushes the same to wait for each other and do not clash.
      `WITH pushes AS (
         SELECT t.*, EXISTS (SELECT FROM merchants m WHERE m.platform_id = t.platform_id
             AND m.authorizer_appid = t.authorizer_appid AND m.user_name <> t.to_user_name) AS is_misaddressed
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
           $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[]) AS t
           (id, platform_id, channel, kind, authorizer_appid, fingerprint, payload_sealed, state, request_id, pushed_at,
            received_at, processed_at, failure_code, to_user_name))
       INSERT INTO callback_events (id, platform_id, channel, kind, authorizer_appid, fingerprint, payload_sealed, state,
         request_id, pushed_at, received_at, processed_at, failure_code)
       SELECT id, platform_id, channel, kind, authorizer_appid, fingerprint,
         CASE WHEN NOT is_misaddressed THEN payload_sealed END, CASE WHEN is_misaddressed THEN 'failed' ELSE state END,
         request_id, pushed_at, received_at, CASE WHEN is_misaddressed THEN received_at ELSE processed_at END,
         CASE WHEN is_misaddressed THEN '${WRONG_ACCOUNT}' ELSE failure_code END
       FROM pushes ORDER BY fingerprint, id ON CONFLICT DO NOTHING
       RETURNING id, failure_code IS NOT DISTINCT FROM '${WRONG_ACCOUNT}' AS "isMisaddressed"`,
      [
        of('id'),
        of('platformId'),
        of('channel'),
        of('kind'),
        of('authorizerAppid'),
        of('fingerprint'),
        of('payloadSealed'),
        of('state'),
        of('requestId'),
        of('pushedAt'),
        of('receivedAt'),
        of('processedAt'),
        of('failureCode'),
        incoming.map(({ toUserName }) => toUserName ?? null),
      ],
    );
    const byId = new Map(recorded.map(({ id, isMisaddressed }) => [id, { isMisaddressed }]));
    return incoming.map(({ event }) => byId.get(event.id));
  }

  /** What a push changes beside its own row, if anything. */
  private effectOf(platform: Platform, event: CallbackEvent, fields: XmlFields): Effect | undefined {
    const { channel, kind, authorizerAppid, pushedAt } = event;
    if (channel === 'message') {
      const finish = kind === 'MASSSENDJOBFINISH' ? readMassSendFinish(fields) : undefined;
      if (!finish || !authorizerAppid) return undefined;
      const merchant = { platformId: platform.id, authorizerAppid };
      return (tx) => this.massMessages.record(tx, merchant, finish, pushedAt);
    }
    const ticket = textOf(fields, 'ComponentVerifyTicket');
    if (kind === 'component_verify_ticket' && ticket) {
      return (tx) => this.platforms.keepTicket(tx, platform.id, ticket, pushedAt);
    }
    if (kind === 'unauthorized' && authorizerAppid) {
      return (tx) => this.grantRows.unauthorize(tx, platform.id, authorizerAppid, pushedAt);
    }
    return undefined;
  }

  /** The row is committed: if the queue cannot take the job now, the sweep will find it. */
  private async enqueue({ id, requestId }: { id: string; requestId: string }): Promise<void> {
    try {
      await this.queues.add('callback.process', { callback_event_id: id, request_id: requestId }, { jobId: id });
    } catch (error) {
      this.logger.warn('callback event left to the sweep', { callback_event_id: id, error });
    }
  }

  private async close(id: string, state: 'done' | 'failed', failureCode: string | null): Promise<void> {
    await this.dataSource.query(
      `UPDATE callback_events SET state = $2, failure_code = $3, payload_sealed = NULL, processed_at = now() WHERE id = $1`,
      [id, state, failureCode],
    );
  }
}

/** What bears no signature at all is worth neither a query nor a look into its XML. */
const isSigned = ({ timestamp, nonce, msg_signature }: Record<string, unknown>) =>
  [timestamp, nonce, msg_signature].every((value) => typeof value === 'string' && value !== '');

const placeOf = (id: string) => ({ table: 'callback_events', column: 'payload_sealed', rowId: id });

/** The authorization code of an event that brings one. */
function grantPayload(fields: XmlFields): Payload | undefined {
  const kind = textOf(fields, 'InfoType');
  const code = textOf(fields, 'AuthorizationCode');
  return code && (kind === 'authorized' || kind === 'updateauthorized') ? { code } : undefined;
}

const checkPayload = (check: ReleaseCheckTask | undefined): Payload | undefined =>
  check?.task === 'send' ? { code: check.code, toUser: check.toUser } : undefined;

function eventOf(
  platform: Platform,
  push: ReceivedPush,
  { fields, plaintext, flaw }: { fields: XmlFields; plaintext: string; flaw?: PushFlaw },
  isPending: boolean,
): CallbackEvent {
  const kind =
    push.channel === 'authorization'
      ? textOf(fields, 'InfoType')
      : (textOf(fields, 'Event') ?? textOf(fields, 'MsgType'));
  return {
    id: uuidv7(),
    platformId: platform.id,
    channel: push.channel,
    kind: (kind ?? (flaw ? 'unreadable' : 'unknown')).slice(0, 100),
    authorizerAppid: push.authorizerAppid ?? textOf(fields, 'AuthorizerAppid') ?? null,
    fingerprint: fingerprintOf(push, plaintext),
    payloadSealed: null,
    state: isPending ? 'pending' : flaw ? 'unreadable' : 'done',
    failureCode: (!isPending && flaw) || null,
    requestId: push.requestId,
    pushedAt: momentOf(textOf(fields, 'CreateTime')),
    receivedAt: new Date(),
    processedAt: isPending ? null : new Date(),
  };
}

/**
 * With the path: a push that is played at another account's must not make the true one a repetition. One that an older release
 * has recorded without the account, and that WeChat sends again across the change, is recorded and forwarded once more; what it
 * changes, it has changed already.
 */
function fingerprintOf({ channel, authorizerAppid }: ReceivedPush, plaintext: string): string {
  const path = authorizerAppid === undefined ? channel : `${channel}\n${authorizerAppid}`;
  return createHash('sha256').update(`${path}\n${plaintext}`).digest('base64url');
}

/** A ticket, a code or a name with a lost character in it is as good as none. */
function textOf(fields: XmlFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' && !value.includes('\ufffd') ? value : undefined;
}

/** CreateTime is in seconds. A push without a sensible one counts as sent now. */
function momentOf(seconds: string | undefined): Date {
  return seconds && /^\d{9,11}$/.test(seconds) ? new Date(Number(seconds) * 1000) : new Date();
}
