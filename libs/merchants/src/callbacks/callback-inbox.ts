import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Batcher } from '@app/concurrency';
import { isItemError, recordset, rows, statement, type Sql } from '@app/database';
import {
  openPush,
  readMassSendFinish,
  refuseForAge,
  releaseCheckTask,
  sealReply,
  textReply,
  type AgeRefusal,
  type PushFlaw,
  type PushRefusal,
  type XmlFields,
} from '@app/wechat';
import { PlatformNotFound } from '../errors.js';
import { MassMessages } from '../inventory/mass-messages.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { Platforms, type Platform } from '../platforms/platforms.js';
import type { CallbackEvent } from './callback-event.entity.js';
import { CallbackProcessing } from './callback-processing.js';
import { Forwards, type PlannedForward, type RawPush } from './forwards.js';
import { checkPayload, eventOf, grantPayload, textOf, type ReceivedPush } from './push-event.js';

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
  /** How far a push's time may be from ours, either way: at most half of how long pushes are kept, lest one is taken twice. */
  maxAgeS: number;
}

type Effect = (tx: EntityManager) => Promise<unknown>;

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

const PUSH_COLUMNS = {
  id: 'uuid',
  platformId: 'uuid',
  channel: 'text',
  kind: 'text',
  authorizerAppid: 'text',
  fingerprint: 'text',
  payloadSealed: 'text',
  state: 'text',
  requestId: 'text',
  pushedAt: 'timestamptz',
  receivedAt: 'timestamptz',
  processedAt: 'timestamptz',
  failureCode: 'text',
  toUserName: 'text',
} as const;

/**
 * Takes in WeChat's pushes: verified, recorded once, acted upon as far as they can be read. What is quick and local
 * happens before the answer (WeChat waits 5 s); what has to ask WeChat becomes a job.
 */
@Injectable()
export class CallbackInbox {
  private readonly alone = new Batcher((incoming: Incoming[]) => this.record(this.dataSource, incoming), isItemError);

  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: Platforms,
    private readonly grants: GrantRows,
    private readonly massMessages: MassMessages,
    private readonly forwards: Forwards,
    private readonly processing: CallbackProcessing,
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
    if (payload) event.payloadSealed = this.processing.sealPayload(event.id, payload);
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
    if (record && event.state === 'pending') void this.processing.enqueue(event);
    if (check?.task !== 'reply') return receipt;
    const timestamp = Math.floor(Date.now() / 1000);
    const plaintext = textReply(fields, check.text, timestamp);
    const nonce = typeof push.query['nonce'] === 'string' ? push.query['nonce'] : event.id;
    const sealing = { aesKey: opened.aesKey, token, appid: push.componentAppid, plaintext, timestamp, nonce };
    return { ...receipt, reply: sealReply(sealing) };
  }

  /**
   * Where the row is all that there is to write, as for most pushes, those that come at the same time share a
   * statement; a transaction where more belongs to it.
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
   * Whether a push is addressed to the account of its path is told by the account's facts, as they are in that moment.
   * Where they are not known, it is taken.
   * @returns of each, undefined when the same push was recorded before
   */
  private async record(sql: Sql, incoming: Incoming[]): Promise<(Recorded | undefined)[]> {
    const { parameters, bind } = statement();
    const pushes = incoming.map(({ event, toUserName }) => ({ ...event, toUserName }));
    const recorded = await rows<{ id: string } & Recorded>(
      sql,
      // In one order, so that two processes that WeChat pushes the same to wait for each other and do not clash.
      `WITH pushes AS (
         SELECT t.*, EXISTS (SELECT FROM merchants m WHERE m.platform_id = t.platform_id
             AND m.authorizer_appid = t.authorizer_appid AND m.user_name <> t.to_user_name) AS is_misaddressed
         FROM ${recordset(bind, 't', pushes, PUSH_COLUMNS)})
       INSERT INTO callback_events (id, platform_id, channel, kind, authorizer_appid, fingerprint, payload_sealed,
         state, request_id, pushed_at, received_at, processed_at, failure_code)
       SELECT id, platform_id, channel, kind, authorizer_appid, fingerprint,
         CASE WHEN NOT is_misaddressed THEN payload_sealed END, CASE WHEN is_misaddressed THEN 'failed' ELSE state END,
         request_id, pushed_at, received_at, CASE WHEN is_misaddressed THEN received_at ELSE processed_at END,
         CASE WHEN is_misaddressed THEN '${WRONG_ACCOUNT}' ELSE failure_code END
       FROM pushes ORDER BY fingerprint, id ON CONFLICT DO NOTHING
       RETURNING id, failure_code IS NOT DISTINCT FROM '${WRONG_ACCOUNT}' AS "isMisaddressed"`,
      parameters,
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
      return (tx) => this.grants.unauthorize(tx, platform.id, authorizerAppid, pushedAt);
    }
    return undefined;
  }
}

/** What bears no signature at all is worth neither a query nor a look into its XML. */
const isSigned = ({ timestamp, nonce, msg_signature }: Record<string, unknown>) =>
  [timestamp, nonce, msg_signature].every((value) => typeof value === 'string' && value !== '');
