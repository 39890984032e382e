import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { IneligibleReason, SharedSend } from '@app/merchants';
import { KnownTargets } from './known-targets.js';
import { LaneForecasts, type MerchantForecast } from '../lanes/lane-forecasts.js';
import type { Triaged } from './takedown-triage.js';
import type { NewTakedown, TakedownItem } from './takedown-item.js';
import { targetKey, WHOLE_MESSAGE } from '../deletion/target.js';
import { NothingAccepted } from '../errors.js';

/** What a takedown would do. Lists are cut off; the counts beside them are not. */
export interface BlastRadius {
  deletions: number;
  merchants: number;
  /** Deletions that take every article of their message. */
  wholeMessages: number;
  alreadyOpen: number;
  /** Known to be gone: no call would be made. */
  alreadyDeleted: number;
  rejected: number;
  ineligible: {
    items: number;
    merchants: number;
    list: { merchant: string; reasons: IneligibleReason[]; items: number }[];
  };
  /** For how many days some merchant's quota is needed, today included. Null when a quota never suffices. */
  daysOfQuota: number | null;
  /** When the last deletion leaves its lane. Null when one never does. */
  eta: Date | null;
  /** The merchants whose last deletion leaves last. */
  slowest: MerchantForecast[];
  /** Other sends whose page goes too, because they share the material. */
  shared: { count: number; list: SharedSend[] };
}

const LISTED = 100;
/** Beyond this many they are counted no more. */
const SHARED_AT_MOST = 100_000;

/** Works out what a takedown would do, and writes nothing. */
@Injectable()
export class TakedownDryRun {
  constructor(
    private readonly known: KnownTargets,
    private readonly forecasts: LaneForecasts,
  ) {}

  /** @throws NothingAccepted where there is nothing that anything could be said of, as a real run does */
  async run(
    batches: AsyncIterable<Triaged>,
    { isUrgent, undoSeconds, scope }: Pick<NewTakedown, 'isUrgent' | 'undoSeconds' | 'scope'>,
  ): Promise<BlastRadius> {
    const seen = new Set<number>();
    const countOf = new Map<string, number>();
    const articles = new CountedArticles();
    const ineligible = new Map<string, { merchant: string; reasons: IneligibleReason[]; items: number }>();
    const shared = new Map<string, SharedSend>();
    let wholeMessages = 0;
    let alreadyOpen = 0;
    let alreadyDeleted = 0;
    let rejected = 0;
    for await (const { items, rejections } of batches) {
      const named = items.filter(({ merchantId, target }) => isFirst(seen, merchantId, targetKey(target)));
      // An article goes with its whole message, in whichever order the two come; so does one that insists on no more than
      // some line of the whole message, be it named again.
      for (const whole of items.filter(isWhole)) {
        const covered = articles.coverBy(whole);
        alreadyOpen += covered.asked + covered.gone;
        alreadyDeleted -= covered.gone;
        add(countOf, whole.merchantId, -covered.asked);
      }
      const fresh = named.filter((item) => !articles.isCovered(item));
      const open = await this.known.openAmong(fresh);
      alreadyOpen += items.length - fresh.length + open.size;
      const gone = await this.known.goneAmong(
        fresh.filter(({ line, again }) => !again && !open.has(line)),
        scope,
      );
      alreadyDeleted += gone.size;
      for (const item of fresh.filter(({ line }) => !open.has(line))) {
        const isGone = gone.has(item.line);
        articles.add(item, isGone ? 'gone' : 'asked');
        if (isGone) continue;
        add(countOf, item.merchantId, 1);
        if (isWhole(item)) wholeMessages += 1;
      }
      rejected += rejections.length;
      for (const { ineligible: why } of rejections) {
        if (why) ineligible.set(why.merchant, { ...why, items: (ineligible.get(why.merchant)?.items ?? 0) + 1 });
      }
      for (const send of await this.known.sharing(fresh, scope)) {
        if (shared.size < SHARED_AT_MOST) shared.set(`${send.merchantId}/${send.msgId}/${send.articleIdx}`, send);
      }
    }
    if (seen.size === 0 && rejected === 0) throw new NothingAccepted([]);
    // What the takedown deletes itself is not beside it.
    const beside = [...shared.values()].filter(
      ({ merchantId, msgId, articleIdx }) =>
        ![articleIdx, WHOLE_MESSAGE].some((idx) => seen.has(hashOf(merchantId, `msg:${msgId}:${idx}`))),
    );
    const refused = [...ineligible.values()];
    return {
      deletions: [...countOf.values()].reduce((sum, count) => sum + count, 0),
      merchants: countOf.size,
      wholeMessages,
      alreadyOpen,
      alreadyDeleted,
      rejected,
      ineligible: {
        items: refused.reduce((sum, { items }) => sum + items, 0),
        merchants: refused.length,
        list: refused.slice(0, LISTED),
      },
      ...(await this.forecasts.ofMore(countOf, isUrgent, undoSeconds)),
      shared: { count: beside.length, list: beside.slice(0, LISTED) },
    };
  }
}

/** The articles that were counted before their whole message was named, by message and by what their lines insist on. */
class CountedArticles {
  private readonly counts = new Map<number, number>();
  /** What the lines of a whole message insist on. */
  private readonly wholes = new Map<number, number>();

  add(item: TakedownItem, as: Counted): void {
    if (isArticle(item)) add(this.counts, hashOf(item.merchantId, `${messageOf(item)}:${as}:${insistenceOf(item)}`), 1);
  }

  /** @returns how many of the articles that were counted so far go with the whole message, and are counted no more */
  coverBy(whole: TakedownItem): Record<Counted, number> {
    const message = hashOf(whole.merchantId, messageOf(whole));
    const insistence = (this.wholes.get(message) ?? 0) | insistenceOf(whole);
    this.wholes.set(message, insistence);
    const covered = ALL_INSISTENCES.filter((one) => covers(insistence, one));
    const take = (as: Counted) =>
      covered
        .map((one) => {
          const articles = hashOf(whole.merchantId, `${messageOf(whole)}:${as}:${one}`);
          const count = this.counts.get(articles) ?? 0;
          this.counts.delete(articles);
          return count;
        })
        .reduce((total, count) => total + count, 0);
    return { asked: take('asked'), gone: take('gone') };
  }

  isCovered(item: TakedownItem): boolean {
    const whole = isArticle(item) ? this.wholes.get(hashOf(item.merchantId, messageOf(item))) : undefined;
    return whole !== undefined && covers(whole, insistenceOf(item));
  }
}

type Counted = 'asked' | 'gone';

const isWhole = ({ target }: TakedownItem) => 'msgId' in target && target.articleIdx === WHOLE_MESSAGE;
const isArticle = ({ target }: TakedownItem) => 'msgId' in target && target.articleIdx !== WHOLE_MESSAGE;
const messageOf = ({ target }: TakedownItem) => ('msgId' in target ? `message:${target.msgId}` : '');

/** One bit for each thing that a line may insist on. */
const insistenceOf = ({ again, tryAnyway }: TakedownItem) => (again ? 1 : 0) | (tryAnyway ? 2 : 0);
const ALL_INSISTENCES = [0, 1, 2, 3];
const covers = (whole: number, article: number) => (article & ~whole) === 0;

function add<Key>(counts: Map<Key, number>, key: Key, difference: number): void {
  const count = (counts.get(key) ?? 0) + difference;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** Fifty-two bits, so that a million targets fit into little memory; two in a million times a million agree by chance. */
function hashOf(merchantId: string, key: string): number {
  const digest = createHash('sha1').update(`${merchantId}/${key}`).digest();
  return digest.readUIntBE(0, 6) * 16 + ((digest[6] ?? 0) >> 4);
}

function isFirst(seen: Set<number>, merchantId: string, key: string): boolean {
  const size = seen.size;
  return seen.add(hashOf(merchantId, key)).size > size;
}
