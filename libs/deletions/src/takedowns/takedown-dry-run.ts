import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { IneligibleReason, SharedSend } from '@app/merchants';
import { KnownTargets } from './known-targets.js';
import { LaneForecasts } from '../lanes/lane-forecasts.js';
import type { Triaged } from './takedown-triage.js';
import type { NewTakedown } from './takedown-item.js';
import { targetKey, WHOLE_MESSAGE } from '../deletion/target.js';

/** What a takedown would do. Lists are cut off; the counts beside them are not. */
export interface BlastRadius {
  deletions: number;
  merchants: number;
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

  async run(
    batches: AsyncIterable<Triaged>,
    { isUrgent, undoSeconds, scope }: Pick<NewTakedown, 'isUrgent' | 'undoSeconds' | 'scope'>,
  ): Promise<BlastRadius> {
    const seen = new Set<number>();
    const countOf = new Map<string, number>();
    const ineligible = new Map<string, { merchant: string; reasons: IneligibleReason[]; items: number }>();
    const shared = new Map<string, SharedSend>();
    let alreadyOpen = 0;
    let alreadyDeleted = 0;
    let rejected = 0;
    for await (const { items, rejections } of batches) {
      const fresh = items.filter(({ merchantId, target }) => isFirst(seen, merchantId, targetKey(target)));
      const open = await this.known.openAmong(fresh);
      alreadyOpen += items.length - fresh.length + open.size;
      const gone = await this.known.goneAmong(
        fresh.filter(({ line, again }) => !again && !open.has(line)),
        scope,
      );
      alreadyDeleted += gone.size;
      for (const { line, merchantId } of fresh) {
        if (!open.has(line) && !gone.has(line)) countOf.set(merchantId, (countOf.get(merchantId) ?? 0) + 1);
      }
      rejected += rejections.length;
      for (const { ineligible: why } of rejections) {
        if (why) ineligible.set(why.merchant, { ...why, items: (ineligible.get(why.merchant)?.items ?? 0) + 1 });
      }
      for (const send of await this.known.sharing(fresh, scope)) {
        if (shared.size < SHARED_AT_MOST) shared.set(`${send.merchantId}/${send.msgId}/${send.articleIdx}`, send);
      }
    }
    // What the takedown deletes itself is not beside it.
    const beside = [...shared.values()].filter(
      ({ merchantId, msgId, articleIdx }) =>
        ![articleIdx, WHOLE_MESSAGE].some((idx) => seen.has(hashOf(merchantId, `msg:${msgId}:${idx}`))),
    );
    const refused = [...ineligible.values()];
    return {
      deletions: [...countOf.values()].reduce((sum, count) => sum + count, 0),
      merchants: countOf.size,
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

/** Fifty-two bits, so that a million targets fit into little memory; two in a million times a million agree by chance. */
function hashOf(merchantId: string, key: string): number {
  const digest = createHash('sha1').update(`${merchantId}/${key}`).digest();
  return digest.readUIntBE(0, 6) * 16 + ((digest[6] ?? 0) >> 4);
}

function isFirst(seen: Set<number>, merchantId: string, key: string): boolean {
  const size = seen.size;
  return seen.add(hashOf(merchantId, key)).size > size;
}
