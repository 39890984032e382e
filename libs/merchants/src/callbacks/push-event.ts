import { hash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { PushFlaw, ReleaseCheckTask, XmlFields } from '@app/wechat';
import type { Platform } from '../platforms/platforms.js';
import type { CallbackChannel, CallbackEvent } from './callback-event.entity.js';
import type { RawPush } from './forwards.js';

export interface ReceivedPush extends RawPush {
  componentAppid: string;
  channel: CallbackChannel;
  query: Record<string, unknown>;
  /** From the path of the message URL. */
  authorizerAppid?: string;
  requestId: string;
}

/** What the job needs of an event: its authorization code, and for WeChat's release check to whom the answer goes. */
export const payloadSchema = z.object({ code: z.string(), toUser: z.string().optional() });
export type Payload = z.output<typeof payloadSchema>;

/** The authorization code of an event that brings one. */
export function grantPayload(fields: XmlFields): Payload | undefined {
  const kind = textOf(fields, 'InfoType');
  const code = textOf(fields, 'AuthorizationCode');
  return code && (kind === 'authorized' || kind === 'updateauthorized') ? { code } : undefined;
}

export const checkPayload = (check: ReleaseCheckTask | undefined): Payload | undefined =>
  check?.task === 'send' ? { code: check.code, toUser: check.toUser } : undefined;

export function eventOf(
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
 * With the path: a push that is played at another account's must not make the true one a repetition. One that an older
 * release has recorded without the account, and that WeChat sends again across the change, is recorded and forwarded
 * once more; what it changes, it has changed already.
 */
function fingerprintOf({ channel, authorizerAppid }: ReceivedPush, plaintext: string): string {
  const path = authorizerAppid === undefined ? channel : `${channel}\n${authorizerAppid}`;
  return hash('sha256', `${path}\n${plaintext}`, 'base64url');
}

/** A ticket, a code or a name with a lost character in it is as good as none. */
export function textOf(fields: XmlFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' && !value.includes('\ufffd') ? value : undefined;
}

/** CreateTime is in seconds. A push without a sensible one counts as sent now. */
function momentOf(seconds: string | undefined): Date {
  return seconds && /^\d{9,11}$/.test(seconds) ? new Date(Number(seconds) * 1000) : new Date();
}
