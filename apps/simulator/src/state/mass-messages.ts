import { createHash } from 'node:crypto';
import type { SeededRandom } from '../behaviour/random.js';
import { Refusal } from './refusal.js';
import type { Settings } from '../behaviour/settings.js';
import type { Clock } from './timeline.js';
import type { Article, MassMessage, Material, Merchant, MessageKind, World } from './world.js';

export interface Send {
  kind: MessageKind;
  isToAll: boolean;
  material?: Material | undefined;
  isApiSent?: boolean;
}

/** `articleIdx` counts from 1; undefined means the whole message. */
export type DeleteTarget = { msgId: bigint; articleIdx: number | undefined } | { url: string };

const DAY_MS = 86_400_000;
const DELETABLE: readonly MessageKind[] = ['mpnews', 'mpvideo'];

/**
 * Mass messages as WeChat keeps them. A deletion kills the pages of a material, and with them every send of it.
 * https://developers.weixin.qq.com/doc/service/en/api/notify/message/api_deletemassmsg
 */
export class MassMessages {
  constructor(
    private readonly settings: () => Settings,
    private readonly clock: Clock,
    private readonly random: SeededRandom,
  ) {}

  addMaterial(merchant: Merchant, articles: Partial<Article>[], mediaId = this.random.base64url(64)): Material {
    const material: Material = {
      mediaId,
      mid: merchant.nextMid++,
      articles: articles.map((article, i) => ({
        title: article.title ?? `Article ${i + 1}`,
        isDeleted: article.isDeleted ?? false,
        isRumour: article.isRumour ?? false,
      })),
      messages: [],
    };
    merchant.materials.set(mediaId, material);
    merchant.materialsByMid.set(material.mid, material);
    return material;
  }

  /** A message that is on its way; `finish` ends the sending. */
  start(merchant: Merchant, { kind, isToAll, material, isApiSent = true }: Send): MassMessage {
    const message: MassMessage = {
      msgId: isToAll ? merchant.nextToAllId++ : merchant.nextToTagId++,
      kind,
      isToAll,
      isApiSent,
      status: 'SENDING',
      material,
      sentAt: this.clock.now(),
      deleteCalls: 0,
      deleteEffects: 0,
    };
    merchant.messages.set(message.msgId, message);
    material?.messages.push(message);
    return message;
  }

  /** @param status of MASSSENDJOBFINISH: `send success`, `send fail` or `err(N)` */
  finish(message: MassMessage, status: string): void {
    message.status = status === 'send success' ? 'SEND_SUCCESS' : 'SEND_FAIL';
  }

  /** Refuses to send the same again within 24 hours; the same is told by clientmsgid or else by the content. */
  refuseRepeat(merchant: Merchant, clientMsgId: string | undefined, content: string): string {
    if (clientMsgId !== undefined && Buffer.byteLength(clientMsgId) > 32) throw new Refusal(45067);
    const key = clientMsgId ?? `digest:${createHash('sha1').update(content).digest('hex')}`;
    const before = merchant.sentBefore.get(key);
    if (before && before.until > this.clock.now()) throw new Refusal(45065, undefined, { msg_id: before.msgId });
    return key;
  }

  rememberSend(merchant: Merchant, key: string, message: MassMessage): void {
    merchant.sentBefore.set(key, { msgId: message.msgId, until: this.clock.now() + DAY_MS });
  }

  statusOf(message: MassMessage): 'SENDING' | 'SEND_SUCCESS' | 'SEND_FAIL' | 'DELETE' {
    const articles = message.material?.articles;
    return message.status === 'SEND_SUCCESS' && articles?.every((article) => article.isDeleted)
      ? 'DELETE'
      : message.status;
  }

  find(merchant: Merchant, msgId: bigint): MassMessage {
    const message = merchant.messages.get(msgId);
    if (!message) throw new Refusal(40059);
    return message;
  }

  delete(merchant: Merchant, target: DeleteTarget): void {
    const { message, articleIdx } =
      'url' in target ? this.findPage(merchant, target.url) : this.locate(merchant, target);
    message.deleteCalls++;
    if (!message.isApiSent) throw new Refusal(40059);
    const articles = message.material?.articles;
    if (!articles || !DELETABLE.includes(message.kind)) throw new Refusal(40008);
    if (message.status !== 'SEND_SUCCESS') throw new Refusal(40065);
    const doomed = articleIdx === undefined ? articles : articles.slice(articleIdx - 1, articleIdx);
    if (doomed.length === 0) throw new Refusal(40060);
    if (doomed.some((article) => article.isRumour)) throw new Refusal(40204);
    if (doomed.every((article) => article.isDeleted)) {
      if (this.settings().already_deleted_errcode !== 0) throw new Refusal(40065);
      return;
    }
    for (const article of doomed) article.isDeleted = true;
    message.deleteEffects++;
  }

  /** Address of a page. `sn` follows from the rest, so that 200,000 messages need not keep it. */
  articleUrl(merchant: Merchant, material: Material, articleIdx: number): string {
    const sn = this.snOf(merchant, material, articleIdx);
    return `http://mp.weixin.qq.com/s?__biz=${merchant.biz}&mid=${material.mid}&idx=${articleIdx}&sn=${sn}#rd`;
  }

  /** The article at an address of this form that was sent, whether or not it is deleted. */
  articleAt(
    world: World,
    { biz, mid, idx, sn }: { biz: string; mid: string; idx: string; sn: string },
  ): { merchant: Merchant; article: Article; sentAt: number; url: string } | undefined {
    for (const merchant of world.merchants.values()) {
      if (merchant.biz !== biz) continue;
      const material = merchant.materialsByMid.get(Number(mid));
      const article = material?.articles[Number(idx) - 1];
      const message = material?.messages.find(({ status }) => status === 'SEND_SUCCESS');
      if (!material || !article || !message || this.snOf(merchant, material, Number(idx)) !== sn) return undefined;
      return { merchant, article, sentAt: message.sentAt, url: this.articleUrl(merchant, material, Number(idx)) };
    }
    return undefined;
  }

  private locate(merchant: Merchant, { msgId, articleIdx }: { msgId: bigint; articleIdx: number | undefined }) {
    return { message: this.find(merchant, msgId), articleIdx };
  }

  private snOf(merchant: Merchant, material: Material, articleIdx: number): string {
    return createHash('md5').update(`${merchant.biz}/${material.mid}/${articleIdx}`).digest('hex');
  }

  private findPage(merchant: Merchant, url: string): { message: MassMessage; articleIdx: number } {
    const query = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
    const material = merchant.materialsByMid.get(Number(query.get('mid')));
    const articleIdx = Number(query.get('idx'));
    const isPage =
      material?.articles[articleIdx - 1] !== undefined && this.snOf(merchant, material, articleIdx) === query.get('sn');
    const message = material?.messages.at(-1);
    if (!isPage || !message) throw new Refusal(40059);
    return { message, articleIdx };
  }
}
