import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { mayAct, type Principal } from '@app/access';
import { DeletionFigures, DeletionTallies, PlatformHolds } from '@app/deletions';
import { Events } from '@app/events';
import { Merchants, Platforms } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { WebhookEndpoints } from '@app/webhooks';
import { Readiness } from '../health/readiness.js';
import { DeletionProgress } from './deletion-progress.js';

/** Whoever looks, a figure is read again after this time. */
const FRESH_MS = 3_000;
/** What took long to read is read less often: a process spends at most a fiftieth of its time on a figure. */
const SHARE = 50;
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
      options.ttl = Math.max(FRESH_MS, (performance.now() - begun) * SHARE);
      return figure;
    },
  });

  constructor(
    private readonly readiness: Readiness,
    private readonly platforms: Platforms,
    private readonly merchants: Merchants,
    private readonly holds: PlatformHolds,
    private readonly tallies: DeletionTallies,
    private readonly deletions: DeletionFigures,
    private readonly progress: DeletionProgress,
    private readonly events: Events,
    private readonly endpoints: WebhookEndpoints,
  ) {}

  async of({ scope, role }: Principal) {
    const figure = <Figure extends object>(name: string, read: () => Promise<Figure>): Promise<Figure> =>
      this.figures.forceFetch(`${name} ${JSON.stringify(scope)}`, { context: read }) as Promise<Figure>;
    const { sweptAt, now } = await this.tallies.lastSweep();
    // One after the other: however many look, each takes one connection.
    return {
      now,
      sweptAt,
      isUnlimited: isEverything(scope),
      parts: await this.readiness.states(),
      platforms: await figure('platforms', () => this.platformsOf(scope)),
      merchants: await figure('merchants', () => this.merchants.counts(scope)),
      open: await figure('open', () => this.deletions.open(scope)),
      series: await figure('series', () => this.progress.series(scope)),
      quota: await figure('quota', () => this.deletions.quotaLeft(scope)),
      conflicts: await figure('conflicts', () => this.deletions.tokenConflicts(scope)),
      takedowns: await figure('takedowns', () => this.progress.takedownsUnderWay(scope)),
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
