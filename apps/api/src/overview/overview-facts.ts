import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { mayAct, type Principal } from '@app/access';
import { Events } from '@app/events';
import { Merchants, Platforms } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { WebhookEndpoints } from '@app/webhooks';
import { Readiness } from '../health/readiness.js';
import { DeletionFacts } from './deletion-facts.js';

/** Whoever looks, a figure is read again after this time. */
const FRESH_MS = 3_000;
/** What took long to read is read less often: a process spends a fiftieth of its time on a figure. */
const SHARE = 50;
/** Not for longer, though: in trouble everything takes long, and that is when alarms have to be seen. */
const STALE_MS = 15_000;
const EVENTS_SHOWN = 20;
/** As many as there may be within the same limits. */
const ENDPOINTS = 50;

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
    private readonly merchants: Merchants,
    private readonly deletions: DeletionFacts,
    private readonly events: Events,
    private readonly endpoints: WebhookEndpoints,
  ) {}

  async of({ scope, role }: Principal) {
    const now = new Date();
    const figure = <Figure extends object>(name: string, read: () => Promise<Figure>): Promise<Figure> =>
      this.figures.forceFetch(`${name} ${JSON.stringify(scope)}`, { context: read }) as Promise<Figure>;
    const [parts, talliedUntil, platforms, merchants, open, series, quota, conflicts, takedowns, events, endpoints] =
      await Promise.all([
        this.readiness.states(),
        this.deletions.tallies.talliedUntil(),
        figure('platforms', () => this.platformsOf(scope)),
        figure('merchants', () => this.merchants.counts(scope)),
        figure('open', () => this.deletions.figures.open(scope)),
        figure('series', () => this.deletions.series(scope)),
        figure('quota', () => this.deletions.figures.quotaLeft(scope)),
        figure('conflicts', () => this.deletions.figures.tokenConflicts(scope)),
        figure('takedowns', () => this.deletions.takedownsUnderWay(scope)),
        figure('events', () => this.events.newest(scope, EVENTS_SHOWN)),
        // Who may not read endpoints hears nothing of them.
        mayAct(role, 'admin') ? figure('endpoints', () => this.endpoints.list(scope, { limit: ENDPOINTS })) : [],
      ]);
    return {
      now,
      isUnlimited: isEverything(scope),
      ...{ parts, talliedUntil, platforms, merchants, open, series, quota, conflicts, takedowns, events, endpoints },
    };
  }

  private async platformsOf(scope: Scope) {
    const platforms = await this.platforms.list(scope);
    const holds = await this.deletions.holds.of(platforms.map(({ id }) => id));
    return platforms.map((platform) => ({ platform, hold: holds.get(platform.id) }));
  }
}
