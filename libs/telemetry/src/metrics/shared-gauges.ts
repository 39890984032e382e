import { Counter, Gauge, type Registry } from 'prom-client';
import { laneWaits } from '@app/deletions';
import { ineligibleReasonCodes } from '@app/merchants';
import { COUNTED_AT_MOST } from '@app/webhooks';
import type { SharedReading } from './shared-figures.js';

/** A number that is not known has no series. */
type Series = [labels: Record<string, string>, value: number | null | undefined];

interface SharedMetric {
  name: string;
  help: string;
  labelNames?: string[];
  isCounter?: true;
  series: (reading: SharedReading) => Series[];
}

const only = (value: Series[1]): Series[] => [[{}, value]];

/** What is read from Postgres. Each process tells the same, so dashboards and alerts take the greatest. */
const SHARED: SharedMetric[] = [
  {
    name: 'retract_oldest_due_lane_age_seconds',
    help: 'Since the lane was due that has waited longest to be looked at. 0: none is due.',
    series: ({ pulse }) => only(pulse.oldestDueLaneS),
  },
  {
    name: 'retract_lanes_waiting',
    help:
      'Lanes with deletions, by what they wait for. due: the dispatcher; pace: the next slot of the account; ' +
      'later: their first deletion is not ready yet.',
    labelNames: ['reason'],
    series: ({ lanes }) => (lanes ? laneWaits.map((reason) => [{ reason }, lanes[reason] ?? 0]) : []),
  },
  {
    name: 'retract_dispatchers',
    help: 'Workers of the deployment that hand deletions out: one, or none.',
    series: ({ pulse }) => only(pulse.dispatchers),
  },
  {
    name: 'retract_last_sweep_age_seconds',
    help: 'Since a worker of the deployment last swept.',
    series: ({ pulse }) => only(pulse.sweptAgoS),
  },
  {
    name: 'retract_tally_lag_seconds',
    help: 'Since the moment up to which the ends of deletions are tallied. Five to ten minutes are usual.',
    series: ({ pulse }) => only(pulse.talliedAgoS),
  },
  {
    name: 'retract_deletions_finished_total',
    help: 'Deletions that ended, by state and outcome, as far as they are tallied.',
    labelNames: ['state', 'outcome'],
    isCounter: true,
    series: ({ ended }) => ended.map(({ state, outcomeCode: outcome, count }) => [{ state, outcome }, count]),
  },
  {
    name: 'retract_platform_ticket_age_seconds',
    help: 'Since the newest ticket of the platform came, or since it was registered, if none has come.',
    labelNames: ['platform'],
    series: ({ platforms }) => platforms.map(({ componentAppid: platform, ticketAgeS }) => [{ platform }, ticketAgeS]),
  },
  {
    name: 'retract_platform_hold_age_seconds',
    help: 'Since when the platform is held, by the reason. One that works has no such series.',
    labelNames: ['platform', 'reason'],
    series: ({ platforms }) =>
      platforms.flatMap(({ componentAppid: platform, hold }): Series[] =>
        hold ? [[{ platform, reason: hold.reason }, hold.ageS]] : [],
      ),
  },
  {
    name: 'retract_merchants',
    help: 'Merchants that have ever authorized a platform.',
    series: ({ merchants }) => only(merchants?.['merchants']),
  },
  {
    name: 'retract_merchants_eligible',
    help: 'Merchants that can be served.',
    series: ({ merchants }) => only(merchants?.['eligible']),
  },
  {
    name: 'retract_merchants_ineligible',
    help: 'Merchants that cannot be served, by reason. One may have several.',
    labelNames: ['reason'],
    series: ({ merchants }) =>
      merchants ? ineligibleReasonCodes.map((reason) => [{ reason }, merchants[reason] ?? 0]) : [],
  },
  {
    name: 'retract_merchants_facts_unknown',
    help: 'Authorized merchants whose facts were never read.',
    series: ({ merchants }) => only(merchants?.['factsUnknown']),
  },
  {
    name: 'retract_merchants_facts_unreadable',
    help: 'Of these, merchants whose facts WeChat has not told for a quarter of an hour.',
    series: ({ merchants }) => only(merchants?.['factsUnreadable']),
  },
  {
    name: 'retract_quota_left',
    help: 'Deletions that the accounts of all eligible merchants together have left today.',
    series: ({ quota }) => only(quota?.['left']),
  },
  {
    name: 'retract_quota_accounts',
    help: 'The accounts whose quota that is.',
    series: ({ quota }) => only(quota?.['accounts']),
  },
  {
    name: 'retract_webhook_deliveries_pending',
    help:
      'Webhooks on their way: with a job in the queue, or still without one. ' +
      `Of each no more are counted than ${COUNTED_AT_MOST}, which stands for as many or more.`,
    labelNames: ['place'],
    series: ({ webhooks }) =>
      webhooks
        ? [
            [{ place: 'queue' }, webhooks['queued']],
            [{ place: 'row' }, webhooks['unqueued']],
          ]
        : [],
  },
  {
    name: 'retract_webhook_endpoints_in_trouble',
    help: 'Webhook endpoints that fail, and those that failures have disabled.',
    labelNames: ['state'],
    series: ({ endpoints }) => [
      [{ state: 'failing' }, endpoints.failing],
      [{ state: 'disabled' }, endpoints.disabled],
    ],
  },
];

/** A gauge or a counter. */
interface Settable {
  reset(): void;
  remove(): void;
  inc(labels: Record<string, string>, value: number): void;
}

/** Tells what was read from Postgres, and nothing where that is not known. */
export class SharedGauges {
  private readonly metrics: { metric: Settable; isAlone: boolean; series: SharedMetric['series'] }[];

  constructor(registry: Registry) {
    this.metrics = SHARED.map(({ name, help, labelNames = [], isCounter, series }) => {
      const options = { name, help, labelNames, registers: [registry] };
      const metric: Settable = isCounter ? new Counter(options) : new Gauge(options);
      return { metric, isAlone: labelNames.length === 0, series };
    });
  }

  set(reading: SharedReading | undefined): void {
    for (const { metric, isAlone, series } of this.metrics) {
      metric.reset();
      // One without labels would be 0.
      if (isAlone) metric.remove();
      for (const [labels, value] of reading ? series(reading) : []) {
        if (typeof value === 'number') metric.inc(labels, value);
      }
    }
  }
}
