import { z } from 'zod';
import { amount, anything } from './lenient.js';
import type { WechatTransport } from './transport.js';

/** A deletion is proof of itself, so here errcode 0 must be said, not implied. */
const saidOk = z.object({ errcode: z.literal(0) });

const massGetAnswer = z
  .object({ msg_id: anything, msg_status: z.string().min(1) })
  .transform((a) => ({ msgId: toMsgId(a.msg_id), status: a.msg_status }));

/**
 * A number on the wire; some answers have been seen to quote it. The call named the message, so it need not be said.
 */
function toMsgId(value: unknown): bigint | undefined {
  if (typeof value === 'string') return /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
    ? BigInt(value)
    : undefined;
}

/** A half-told limit tells nothing. */
const rateLimit = anything
  .transform((limit) => rateFields.safeParse(limit).data)
  .transform((limit) =>
    limit?.call_count === undefined || limit.refresh_second === undefined
      ? undefined
      : { callCount: limit.call_count, refreshSeconds: limit.refresh_second },
  );
const rateFields = z.object({ call_count: amount, refresh_second: amount });

const quotaAnswer = z
  .object({
    quota: z
      .object({ daily_limit: amount, used: amount, remain: amount })
      // Any two tell the third.
      .transform(({ daily_limit: limit, used, remain }) => ({
        dailyLimit: limit ?? sum(used, remain),
        used: used ?? sum(limit, remain, -1),
        remain: remain ?? sum(limit, used, -1),
      }))
      .pipe(z.object({ dailyLimit: z.number(), used: z.number(), remain: z.number() })),
    rate_limit: rateLimit,
    component_rate_limit: rateLimit,
  })
  .transform((a) => ({ ...a.quota, rateLimit: a.rate_limit, componentRateLimit: a.component_rate_limit }));

const sum = (a: number | undefined, b: number | undefined, sign = 1) =>
  a === undefined || b === undefined ? undefined : a + sign * b;

/** `articleIdx` is 1-based; 0 deletes every article of the message. */
export type MassDeleteTarget = { msgId: bigint; articleIdx: number } | { url: string };
/** `status` is SEND_SUCCESS, SENDING, SEND_FAIL or DELETE, as far as is documented. */
export type MassMessageStatus = z.output<typeof massGetAnswer>;
export type ApiQuota = z.output<typeof quotaAnswer>;

interface AsAuthorizer {
  /** authorizer_access_token */
  accessToken: string;
  signal?: AbortSignal | undefined;
}

/** The calls that a platform makes in an account's name. A method that does not return throws a WechatError. */
export class AuthorizerApi {
  constructor(private readonly transport: WechatTransport) {}

  /**
   * Takes back a mass message, for good. 10 calls a day for a new account, of the account's own quota.
   * @throws {AlreadyGone} 40065: `massGet` tells whether it is deleted
   * @throws {UnknownOutcome} ask `massGet` before calling again
   * @see https://developers.weixin.qq.com/doc/service/api/notify/message/api_deletemassmsg
   */
  async massDelete({ target, ...as }: AsAuthorizer & { target: MassDeleteTarget }): Promise<void> {
    const body = 'msgId' in target ? { msg_id: target.msgId, article_idx: target.articleIdx } : { url: target.url };
    await this.post('mass/delete', '/cgi-bin/message/mass/delete', as, body, saidOk);
  }

  /**
   * State of a mass message as a whole; it says nothing of a single article.
   * @see https://developers.weixin.qq.com/doc/service/api/notify/message/api_massmsgget
   */
  massGet({ msgId, ...as }: AsAuthorizer & { msgId: bigint }): Promise<MassMessageStatus> {
    // A string here, although it is a number everywhere else.
    return this.post('mass/get', '/cgi-bin/message/mass/get', as, { msg_id: String(msgId) }, massGetAnswer);
  }

  /**
   * Daily limit of one API for this account, e.g. of `/cgi-bin/message/mass/delete`. Counters are right to ±1 %.
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getapiquota.html
   */
  quotaGet({ cgiPath, ...as }: AsAuthorizer & { cgiPath: string }): Promise<ApiQuota> {
    return this.post('openapi/quota/get', '/cgi-bin/openapi/quota/get', as, { cgi_path: cgiPath }, quotaAnswer);
  }

  /**
   * Sets all of the account's daily counters back to 0, not those of one API only. Ten times a month for an account,
   * whoever asks: the platform, the account's own console, or another system.
   * @throws {Refused} 48006: none is left this month
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_clearquota.html
   */
  async clearQuota({ appid, ...as }: AsAuthorizer & { appid: string }): Promise<void> {
    await this.post('clear_quota', '/cgi-bin/clear_quota', as, { appid }, saidOk);
  }

  /** Sends a fan a text. Needed for WeChat's check before a platform is published. */
  async sendCustomText({ toUser, text, ...as }: AsAuthorizer & { toUser: string; text: string }): Promise<void> {
    const body = { touser: toUser, msgtype: 'text', text: { content: text } };
    await this.post('custom/send', '/cgi-bin/message/custom/send', as, body, saidOk);
  }

  private post<Answer>(
    operation: string,
    path: string,
    { accessToken, signal }: AsAuthorizer,
    body: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ): Promise<Answer> {
    return this.transport.call({
      operation,
      method: 'POST',
      path,
      query: { access_token: accessToken },
      body,
      answer,
      signal,
    });
  }
}
