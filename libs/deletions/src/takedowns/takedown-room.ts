import type { Asker, Ceilings, Wanted } from '../requests/ceilings.js';
import type { EtaTooLate, PendingTooMany } from '../errors.js';
import type { KnownTargets } from './known-targets.js';
import type { ForecastLane } from '../lanes/lane-forecasts.js';
import type { TakedownItem } from './takedown-item.js';

interface Lane {
  /** That this takedown has brought so far. */
  added: number;
  /** Looked at when it is not few any more. */
  looked?: { pending: number; lane: ForecastLane | undefined };
}

/**
 * What of one takedown finds room below the ceilings, as they stood when it came to each merchant. What is open or gone already
 * takes none. Takedowns that come in beside it do not know of each other's last lines.
 */
export class TakedownRoom {
  private readonly lanes = new Map<string, Lane>();
  private total: number | undefined;

  constructor(
    private readonly asker: Asker,
    private readonly wanted: Wanted,
    private readonly ceilings: Ceilings,
    private readonly known: KnownTargets,
  ) {}

  /** @returns why there is no room, by line */
  async refusals(items: TakedownItem[]): Promise<Map<number, PendingTooMany | EtaTooLate>> {
    if (items.length === 0) return new Map();
    const { ceiling, limit } = this.ceilings.totalOf(this.asker);
    this.total ??= limit === 0 ? 0 : await this.ceilings.countAll(this.asker);
    await this.look(items);
    const inLookedLanes = items.filter(({ merchantId }) => this.laneOf(merchantId).looked);
    const isTight = limit > 0 && this.total + items.length > limit;
    const open = await this.known.openAmong(isTight ? items : inLookedLanes);
    const refused = new Map<number, PendingTooMany | EtaTooLate>();
    for (const { line, merchantId } of items) {
      if (open.has(line)) continue;
      const lane = this.laneOf(merchantId);
      const refusal =
        this.ceilings.refusalOfTotal(this.total, ceiling, limit) ??
        (lane.looked && this.ceilings.refusalOf({ ...lane.looked, added: lane.added }, lane.looked.lane, this.wanted));
      if (refusal) refused.set(line, refusal);
      else {
        lane.added++;
        this.total++;
      }
    }
    const gone = await this.known.goneAmong(
      items.filter(({ line, again }) => refused.has(line) && !again),
      this.asker.scope,
    );
    for (const line of gone) refused.delete(line);
    return refused;
  }

  private async look(items: TakedownItem[]): Promise<void> {
    const { few } = this.ceilings;
    if (few === 0) return;
    const more = new Map<string, number>();
    for (const { merchantId } of items) more.set(merchantId, (more.get(merchantId) ?? 0) + 1);
    const crowded = await this.ceilings.crowdedAmong([...more.keys()].filter((id) => !this.lanes.has(id)));
    const toLook = [...more].flatMap(([id, count]) => {
      const { looked, added } = this.laneOf(id);
      return !looked && (crowded.has(id) || added + count >= few) ? [id] : [];
    });
    if (toLook.length === 0) return;
    const pending = await this.ceilings.countEach(this.asker, toLook);
    const lanes = new Map((await this.ceilings.lanesOf(toLook)).map((lane) => [lane.merchantId, lane]));
    for (const id of toLook) this.laneOf(id).looked = { pending: pending.get(id) ?? 0, lane: lanes.get(id) };
  }

  private laneOf(merchantId: string): Lane {
    const lane = this.lanes.get(merchantId) ?? { added: 0 };
    this.lanes.set(merchantId, lane);
    return lane;
  }
}
