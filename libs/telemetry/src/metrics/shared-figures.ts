import { Injectable } from '@nestjs/common';
import { PlatformHolds, quotaLeft, WorkFigures, type EndedTotal, type Pulse } from '@app/deletions';
import { Platforms } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { MerchantCensus } from '../census/merchant-census.js';
import { SharedCounts, type Counts } from './shared-counts.js';
import { WebhookFigures, type TroubledEndpoints } from './webhook-figures.js';

/** A platform is the provider's own, and there are few: each has a series. */
export interface PlatformFigures {
  componentAppid: string;
  /** Since its newest ticket came, or since it was registered, if none has come. */
  ticketAgeS: number;
  hold: { reason: string; ageS: number } | undefined;
}

/** What is so for the deployment as a whole, whichever process tells it. */
export interface SharedReading {
  pulse: Pulse;
  ended: EndedTotal[];
  platforms: PlatformFigures[];
  endpoints: TroubledEndpoints;
  /** Undefined: not known yet. */
  lanes: Counts | undefined;
  webhooks: Counts | undefined;
  merchants: Counts | undefined;
  quota: Counts | undefined;
}

/** Each makes a series. A deployment has a handful. */
const MAX_PLATFORMS = 200;
/** What is being worked on changes quickly; how many merchants there are does not. */
const WORK_EVERY_S = 15;
const MERCHANTS_EVERY_S = 60;

/** Reads what all processes share. One statement after the other: it takes one connection. */
@Injectable()
export class SharedFigures {
  constructor(
    private readonly counts: SharedCounts,
    private readonly work: WorkFigures,
    private readonly platforms: Platforms,
    private readonly holds: PlatformHolds,
    private readonly census: MerchantCensus,
    private readonly webhooks: WebhookFigures,
  ) {}

  async read(): Promise<SharedReading> {
    const pulse = await this.work.pulse();
    return {
      pulse,
      ended: await this.work.ended(),
      platforms: await this.platformsAt(pulse.now),
      endpoints: await this.webhooks.endpoints(),
      lanes: await this.counts.of('lanes', WORK_EVERY_S, () => this.work.lanes()),
      webhooks: await this.counts.of('webhooks', WORK_EVERY_S, () => this.webhooks.pending()),
      merchants: await this.counts.of('merchants', MERCHANTS_EVERY_S, () => this.merchantCounts()),
      quota: await this.counts.of('quota', MERCHANTS_EVERY_S, () => this.quota()),
    };
  }

  private async platformsAt(now: Date): Promise<PlatformFigures[]> {
    const platforms = (await this.platforms.list(EVERYTHING)).slice(0, MAX_PLATFORMS);
    const holds = await this.holds.of(platforms.map(({ id }) => id));
    const since = (moment: Date) => Math.max(0, now.getTime() - moment.getTime()) / 1_000;
    return platforms.map(({ id, componentAppid, ticketReceivedAt, createdAt }) => {
      const hold = holds.get(id);
      return {
        componentAppid,
        ticketAgeS: since(ticketReceivedAt ?? createdAt),
        hold: hold && { reason: hold.reason, ageS: since(hold.since) },
      };
    });
  }

  private async merchantCounts(): Promise<Counts> {
    const sums: Counts = { merchants: 0, eligible: 0, factsUnknown: 0, factsUnreadable: 0 };
    const add = (name: string, count: number) => (sums[name] = (sums[name] ?? 0) + count);
    const census = await this.census.read(EVERYTHING);
    for (const { reasons, merchants, eligible, factsUnknown, factsUnreadable } of census.merchants) {
      const counted: Counts = { merchants, eligible, factsUnknown, factsUnreadable, ...reasons };
      for (const [name, count] of Object.entries(counted)) add(name, count);
    }
    return sums;
  }

  private async quota(): Promise<Counts> {
    const { accounts, left } = quotaLeft((await this.census.read(EVERYTHING)).quotas);
    return { accounts, left };
  }
}
