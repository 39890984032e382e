import type { Channel } from 'node:diagnostics_channel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  dispatchLooks,
  firstCalls,
  leading,
  runsEnded,
  type DispatchLook,
  type FirstCall,
  type Leading,
  type RunEnded,
} from '@app/deletions';
import { mints, type Mint } from '@app/merchants';
import { webhookAttempts, type WebhookAttempt } from '@app/webhooks';
import { errcodes, type CallRecord } from '@app/wechat';

const CALL_BUCKETS_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];
/** What we add to a deletion: our aim is below a second. */
const DELAY_BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
/** Quotas and undo windows make deletions wait for days. */
const DURATION_BUCKETS_S = [0.25, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200, 43_200, 86_400, 604_800];

const KNOWN_ERRCODES = new Set(Object.values(errcodes).flat());

// Prometheus sees no increase in a number that begins with a hundred failures: those that alerts ask for begin with none.
const MINT_OUTCOMES = ['minted', 'connect_failed', ...Object.keys(errcodes).filter((code) => code !== 'done')];
const CALL_OUTCOMES = ['done', 'connect_failed', 'unknown_outcome'];

/**
 * What this process counts. Labels are from small fixed sets: no merchant, no id, nothing that callers choose. WeChat's
 * numbers are those that we know; any other counts as `other`.
 */
export class ProcessMetrics {
  readonly registry = new Registry();
  readonly sweeps = new Histogram({
    name: 'retract_sweep_duration_seconds',
    help: 'Sweeps of this worker.',
    buckets: [0.1, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers: [this.registry],
  });
  readonly failedSweepSteps = new Counter({
    name: 'retract_sweep_step_failures_total',
    help: 'Steps of this worker’s sweeps that failed. The next sweep does them again.',
    registers: [this.registry],
  });
  readonly retentionLag = new Gauge({
    name: 'retract_retention_lag_seconds',
    help: 'By how much the oldest row that should be gone outlives its days, after this worker’s last sweep.',
    labelNames: ['table'],
    registers: [this.registry],
  });
  private readonly upstreamCalls = new Counter({
    name: 'retract_upstream_calls_total',
    help: 'Calls of this process to WeChat, by operation and outcome: done, or the class of the failure.',
    labelNames: ['operation', 'outcome'],
    registers: [this.registry],
  });
  private readonly upstreamSeconds = new Histogram({
    name: 'retract_upstream_call_duration_seconds',
    help: 'How long WeChat took to answer this process, or not to.',
    labelNames: ['operation'],
    buckets: CALL_BUCKETS_S,
    registers: [this.registry],
  });
  private readonly upstreamErrcodes = new Counter({
    name: 'retract_upstream_errcodes_total',
    help: 'Errcodes that WeChat answered this process with.',
    labelNames: ['operation', 'errcode'],
    registers: [this.registry],
  });
  private readonly mints = new Counter({
    name: 'retract_mints_total',
    help: 'Mints of access tokens by this process, for a platform or a merchant: minted, or what stood in the way.',
    labelNames: ['holder', 'outcome'],
    registers: [this.registry],
  });
  private readonly callDelays = new Histogram({
    name: 'retract_deletion_call_delay_seconds',
    help: 'From the moment at which a deletion’s lane was due for it to its delete call by this worker.',
    labelNames: ['priority'],
    buckets: DELAY_BUCKETS_S,
    registers: [this.registry],
  });
  private readonly deletions = new Histogram({
    name: 'retract_deletion_duration_seconds',
    help: 'From acceptance to end, undo windows and quotas included, of deletions that a run of this worker ended.',
    labelNames: ['state', 'priority'],
    buckets: DURATION_BUCKETS_S,
    registers: [this.registry],
  });
  private readonly dispatching = new Gauge({
    name: 'retract_dispatching',
    help: '1: this worker is the one that hands deletions out.',
    registers: [this.registry],
  });
  private readonly dispatchLag = new Histogram({
    name: 'retract_dispatch_lag_seconds',
    help: 'How late this worker looked at the lane that was due longest, whenever it found one.',
    buckets: DELAY_BUCKETS_S,
    registers: [this.registry],
  });
  private readonly webhookAttempts = new Counter({
    name: 'retract_webhook_attempts_total',
    help: 'Attempts of this worker to deliver a webhook: delivered, retried later, or given_up.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly stops: (() => void)[];

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const outcome of ['delivered', 'retried', 'given_up']) this.webhookAttempts.inc({ outcome }, 0);
    for (const holder of ['platform', 'merchant']) {
      for (const outcome of MINT_OUTCOMES) this.mints.inc({ holder, outcome }, 0);
    }
    for (const state of ['succeeded', 'failed']) {
      for (const priority of ['normal', 'urgent']) this.deletions.zero({ state, priority });
    }
    this.stops = [
      listen<Mint>(mints, ({ holder, outcome }) => this.mints.inc({ holder, outcome })),
      listen<FirstCall>(firstCalls, ({ isUrgent, delayMs }) =>
        this.callDelays.observe({ priority: priorityOf(isUrgent) }, Math.max(0, delayMs) / 1_000),
      ),
      listen<RunEnded>(runsEnded, ({ state, isUrgent, tookMs }) =>
        this.deletions.observe({ state, priority: priorityOf(isUrgent) }, tookMs / 1_000),
      ),
      listen<Leading>(leading, ({ isLeading }) => this.dispatching.set(isLeading ? 1 : 0)),
      listen<DispatchLook>(dispatchLooks, ({ lagMs }) => this.dispatchLag.observe(Math.max(0, lagMs) / 1_000)),
      listen<WebhookAttempt>(webhookAttempts, ({ outcome }) => this.webhookAttempts.inc({ outcome })),
    ];
  }

  countUpstreamCall({ operation, outcome, errcode, latencyMs }: CallRecord): void {
    for (const begun of CALL_OUTCOMES) this.upstreamCalls.inc({ operation, outcome: begun }, 0);
    this.upstreamCalls.inc({ operation, outcome });
    this.upstreamSeconds.observe({ operation }, latencyMs / 1_000);
    if (errcode) this.upstreamErrcodes.inc({ operation, errcode: KNOWN_ERRCODES.has(errcode) ? errcode : 'other' });
  }

  /** Listens no more. */
  close(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}

const priorityOf = (isUrgent: boolean) => (isUrgent ? 'urgent' : 'normal');

/** @returns what ends it */
function listen<Message>(channel: Channel, listener: (message: Message) => void): () => void {
  // A channel has no type; whoever publishes on it says `satisfies Message`.
  const heard = (message: unknown) => listener(message as Message);
  channel.subscribe(heard);
  return () => void channel.unsubscribe(heard);
}
