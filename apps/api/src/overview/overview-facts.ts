import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { mayAct, type Principal } from '@app/access';
import { PlatformHolds, quotaLeft } from '@app/deletions';
import { Events } from '@app/events';
import { Platforms } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { MerchantCensus, Readiness, type Census } from '@app/telemetry';
import { WebhookEndpoints } from '@app/webhooks';
import { DeletionFacts, type Remembered } from './deletion-facts.js';

/** Whoever looks, a figure is read again after this time. */
const FRESH_MS = 3_000;
/** What took long to read is read less often: a process spends a fiftieth of its time on a figure. */
const SHARE = 50;
/** Not for longer, though: in trouble everything takes long, and that is when alarms have to be seen. */
const STALE_MS = 15_000;
const EVENTS_SHOWN = 20;
/** As many as there may be within the same limits. */
const ENDPOINTS_SHOWN = 50;

/** All that the overview tells, figure by figure: each is remembered for some seconds, for all callers with the same limits. */
@Injectable()
export class OverviewFacts {
  private readonly figures = new LRUCache<string, object, () => Promise<object>>({
    max: 2_000,
    fetchMethod: async (_key, _stale, { options, context: read }) => {
      const begun = performance.now();
      const figure = await read();
      options.ttl = Math.min(Math.max(FRESH_MS, (performance.now() - begun) * SHARE), STALE_MS);
      return figure;
    },
  });

  constructor(
    private readonly readiness: Readiness,
    private readonly platforms: Platforms,
    private readonly holds: PlatformHolds,
    private readonly census: MerchantCensus,
    private readonly deletions: DeletionFacts,
    private readonly events: Events,
    private readonly endpoints: WebhookEndpoints,
  ) {}

  async of({ scope, role }: Principal) {
    const figure: Remembered = <Figure>(name: string, read: () => Promise<object>) =>
      this.figures.forceFetch(`${name} ${JSON.stringify(scope)}`, { context: read }) as Promise<Figure>;
    // One after the other: however many look, each takes one connection.
    const census = await figure<Census>('census', () => this.census.read(scope));
    return {
      isUnlimited: isEverything(scope),
      parts: await this.readiness.states(),
      platforms: await figure('platforms', () => this.platformsOf(scope)),
      merchants: census.merchants,
      quota: quotaLeft(census.quotas),
      ...(await this.deletions.of(scope, figure)),
      events: await figure('events', () => this.events.newest(scope, EVENTS_SHOWN)),
      // Who may not read endpoints hears nothing of them.
      endpoints: mayAct(role, 'admin')
        ? await figure('endpoints', () => this.endpoints.inTrouble(scope, ENDPOINTS_SHOWN))
        : [],
    };
  }

  private async platformsOf(scope: Scope) {
    const platforms = await this.platforms.list(scope);
    const holds = await this.holds.of(platforms.map(({ id }) => id));
    return platforms.map((platform) => ({ platform, hold: holds.get(platform.id) }));
  }
}
