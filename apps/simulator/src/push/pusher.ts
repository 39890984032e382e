import { buildXml, openReply, sealPush, type XmlFields, type XmlInputFields } from '@app/wechat';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { drawMs, latencySchema } from '../behaviour/latency.js';
import type { SeededRandom } from '../behaviour/random.js';
import type { Settings } from '../behaviour/settings.js';
import { seconds, type Timeline } from '../state/timeline.js';
import { withQuery } from '../state/urls.js';
import type { Merchant, Platform } from '../state/world.js';

export const pushFaultsSchema = z.strictObject({
  loss: z.number().min(0).max(1).default(0).describe('Probability that a push is never sent'),
  duplicate: z.number().min(0).max(1).default(0).describe('Probability that a push is sent twice'),
  reorder: z.number().min(0).max(1).default(0).describe('Probability that a push is held back, to be overtaken'),
  reorder_ms: z.int().min(0).default(500).describe('How long it is held back'),
  delay: latencySchema.nullable().default(null),
  kinds: z.array(z.string()).default([]).describe('InfoType, Event or MsgType that are struck; empty: all'),
});

export type PushFaults = z.infer<typeof pushFaultsSchema>;

export interface PushAttempt {
  at: number;
  latencyMs: number;
  /**
   * `success`, `no_reply`, `reply`; or what was wrong: `not_success`, `bad_reply`, `http_<status>`, `timeout`,
   * `connection_failed`.
   */
  verdict: string;
}

export interface Push {
  id: number;
  at: number;
  /** InfoType, or Event, or MsgType. */
  kind: string;
  componentAppid: string;
  authorizerAppid: string | undefined;
  url: string;
  state: 'pending' | 'delivered' | 'failed' | 'lost' | 'paused';
  attempts: PushAttempt[];
  /** Decrypted answer to a message. */
  reply: XmlFields | undefined;
}

interface Outgoing {
  platform: Platform;
  merchant: Merchant | undefined;
  url: string;
  fields: XmlInputFields;
  openid: string | undefined;
  maxAttempts: number;
}

const MAX_IN_FLIGHT = 64;
const MAX_REPLY_BYTES = 65_536;
const REMEMBERED_PUSHES = 10_000;
const PRINTABLE_BYTES = 16;

/** Sends encrypted pushes to the platforms' URLs and judges the answers. */
export class Pusher {
  private agent = new Agent({ connections: MAX_IN_FLIGHT });
  private readonly pushes: Push[] = [];
  private nextId = 1;
  private inFlight = 0;
  private readonly queue: (() => void)[] = [];
  faults: PushFaults = pushFaultsSchema.parse({});

  constructor(
    private readonly settings: () => Settings,
    private readonly timeline: Timeline,
    private readonly random: SeededRandom,
  ) {}

  /** Pushes to the authorization-event URL. The answer must be `success`. Undefined if the platform has no such URL. */
  pushEvent(platform: Platform, fields: XmlInputFields, merchant?: Merchant): Promise<Push> | undefined {
    if (!platform.eventsUrl) return undefined;
    const isTicket = fields['InfoType'] === 'component_verify_ticket';
    // Tickets are pushed again by their own schedule.
    const maxAttempts = isTicket ? 1 : this.settings().event_push_attempts;
    return this.push({ platform, merchant, url: platform.eventsUrl, fields, openid: undefined, maxAttempts });
  }

  /** Pushes to the message-and-event URL of an account. The answer is empty, `success`, or an encrypted reply. */
  pushMessage(
    platform: Platform,
    merchant: Merchant,
    fields: XmlInputFields,
    openid: string,
  ): Promise<Push> | undefined {
    if (!platform.messagesUrl) return undefined;
    const url = platform.messagesUrl.replaceAll('$APPID$', merchant.appid);
    return this.push({ platform, merchant, url, fields, openid, maxAttempts: this.settings().message_push_attempts });
  }

  list(): readonly Push[] {
    return this.pushes;
  }

  clear(): void {
    this.pushes.length = 0;
    this.queue.length = 0;
    this.faults = pushFaultsSchema.parse({});
  }

  async close(): Promise<void> {
    this.queue.length = 0;
    await this.agent.destroy();
  }

  private push(outgoing: Outgoing): Promise<Push> {
    const { platform, merchant, url, fields } = outgoing;
    const push: Push = {
      id: this.nextId++,
      at: this.timeline.now(),
      kind: kindOf(fields),
      componentAppid: platform.componentAppid,
      authorizerAppid: merchant?.appid,
      url,
      state: 'pending',
      attempts: [],
      reply: undefined,
    };
    this.pushes.push(push);
    // Old entries are forgotten in batches, so that this costs nothing per push.
    if (this.pushes.length > 2 * REMEMBERED_PUSHES) this.pushes.splice(0, REMEMBERED_PUSHES);
    return this.dispatch(push, outgoing);
  }

  private async dispatch(push: Push, outgoing: Outgoing): Promise<Push> {
    const { loss, duplicate, reorder, reorder_ms, delay, kinds } = this.faults;
    const isStruck = kinds.length === 0 || kinds.includes(push.kind);
    if (isStruck && this.random.chance(loss)) {
      push.state = 'lost';
      return push;
    }
    const isTwice = isStruck && this.random.chance(duplicate);
    const heldMs =
      (isStruck && delay ? drawMs(delay, this.random) : 0) + (isStruck && this.random.chance(reorder) ? reorder_ms : 0);
    if (heldMs > 0) await new Promise<void>((resolve) => this.timeline.after(heldMs, resolve));

    const sealed = this.seal(outgoing);
    await this.deliver(push, outgoing, sealed);
    if (isTwice) await this.deliver(push, outgoing, sealed);
    return push;
  }

  private async deliver(
    push: Push,
    { platform, merchant, maxAttempts, openid }: Outgoing,
    sealed: Sealed,
  ): Promise<void> {
    const isMessage = openid !== undefined;
    if (isMessage && merchant && merchant.pushPausedUntil > this.timeline.now()) {
      push.state = 'paused';
      return;
    }
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const verdict = await this.attempt(push, platform, isMessage, sealed);
      const isAccepted = ['success', 'no_reply', 'reply'].includes(verdict);
      push.state = isAccepted ? 'delivered' : 'failed';
      // The fan gets "service unavailable" for an answer that makes no sense; it is not asked for again.
      if (isAccepted || verdict === 'bad_reply') break;
    }
    if (isMessage && merchant) this.markFailures(merchant, push.state === 'delivered');
  }

  private markFailures(merchant: Merchant, isDelivered: boolean): void {
    const { mark_fail_after, mark_fail_ms } = this.settings();
    merchant.pushFailures = isDelivered ? 0 : merchant.pushFailures + 1;
    if (merchant.pushFailures < mark_fail_after) return;
    merchant.pushFailures = 0;
    merchant.pushPausedUntil = this.timeline.now() + mark_fail_ms;
  }

  private async attempt(push: Push, platform: Platform, isMessage: boolean, sealed: Sealed): Promise<string> {
    await this.slot();
    const startedAt = Date.now();
    const deadline = AbortSignal.timeout(this.settings().push_deadline_ms);
    const attempt: PushAttempt = { at: this.timeline.now(), latencyMs: 0, verdict: 'pending' };
    push.attempts.push(attempt);
    try {
      const answer = await this.send(push.url, sealed, deadline);
      if (answer.status < 200 || answer.status > 299) attempt.verdict = `http_${answer.status}`;
      else if (isMessage) attempt.verdict = this.judgeReply(push, platform, answer.body);
      else attempt.verdict = answer.body.toString() === 'success' ? 'success' : 'not_success';
    } catch {
      attempt.verdict = deadline.aborted ? 'timeout' : 'connection_failed';
    } finally {
      attempt.latencyMs = Date.now() - startedAt;
      this.release();
    }
    return attempt.verdict;
  }

  private judgeReply(push: Push, platform: Platform, body: Buffer): string {
    const text = body.toString();
    if (text === '' || text === 'success') return 'no_reply';
    const reply = openReply({
      body,
      token: platform.token,
      aesKeys: [platform.aesKey],
      appid: platform.componentAppid,
    });
    if (!reply.ok) return 'bad_reply';
    push.reply = reply.fields;
    return 'reply';
  }

  private async send(
    url: string,
    { body, query }: Sealed,
    deadline: AbortSignal,
  ): Promise<{ status: number; body: Buffer }> {
    const response = await request(withQuery(url, query), {
      method: 'POST',
      headers: { 'content-type': 'text/xml', 'user-agent': 'Mozilla/4.0' },
      body,
      dispatcher: this.agent,
      signal: deadline,
    });
    const chunks: Buffer[] = [];
    let length = 0;
    // undici's bodies are streams of buffers; their type does not say so.
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_REPLY_BYTES) break;
      chunks.push(chunk);
    }
    return { status: response.statusCode, body: Buffer.concat(chunks) };
  }

  private seal({ platform, merchant, fields, openid }: Outgoing): Sealed {
    return sealPush({
      token: platform.token,
      aesKey: platform.aesKey,
      appid: platform.componentAppid,
      plaintext: buildXml(fields),
      timestamp: seconds(this.timeline.now()),
      nonce: String(this.random.int(100_000_000, 2_147_483_647)),
      random16: Buffer.from(this.random.alphanumeric(PRINTABLE_BYTES)),
      receiver:
        openid !== undefined && merchant ? { ToUserName: merchant.userName } : { AppId: platform.componentAppid },
      ...(openid === undefined ? {} : { openid }),
    });
  }

  private slot(): Promise<void> {
    if (this.inFlight < MAX_IN_FLIGHT) {
      this.inFlight++;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.queue.push(resolve));
  }

  private release(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.inFlight--;
  }
}

type Sealed = ReturnType<typeof sealPush>;

function kindOf(fields: XmlInputFields): string {
  const kind = fields['InfoType'] ?? fields['Event'] ?? fields['MsgType'];
  return typeof kind === 'string' ? kind : 'unknown';
}
