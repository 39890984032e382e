import type { ConflictCount, OpenCount, PlatformHoldView, Point } from '@app/deletions';
import { ticketStateAt, type MerchantCounts, type Platform } from '@app/merchants';
import type { PartStates } from '@app/telemetry';
import type { WebhookEndpoint } from '@app/webhooks';

/** Codes are stable; libs/words has the sentences, which name facts in braces. */
export const alarmCodes = [
  'part_not_ready',
  'worker_silent',
  'no_platform',
  'platform_held',
  'ticket_missing',
  'ticket_silent',
  'token_conflict',
  'admin_must_confirm',
  'facts_unreadable',
  'must_reauthorize',
  'deletions_failing',
  'webhook_disabled',
  'webhook_failing',
] as const;
export type AlarmCode = (typeof alarmCodes)[number];

export const severities = ['critical', 'warning', 'notice'] as const;

/** Where something is mended: one thing by its id, or a list with filters. */
export const subjectTypes = ['service', 'platform', 'merchant', 'merchants', 'deletions', 'webhook_endpoint'] as const;

export interface Alarm {
  code: AlarmCode;
  severity: (typeof severities)[number];
  since: Date | null;
  /** How many things are concerned. */
  count: number;
  subject: { type: (typeof subjectTypes)[number]; id: string | null; filter: Record<string, string> };
  facts: Record<string, string | number | string[] | null>;
}

/** What alarms are judged by: all within one caller's limits. */
export interface AlarmFacts {
  /** By the clock of the database, as all that is stored. */
  now: Date;
  /** The caller sees everything, and so what concerns the deployment as a whole. */
  isUnlimited: boolean;
  parts: PartStates;
  /** When a worker last did its rounds. Null before the first time. */
  sweptAt: Date | null;
  platforms: { platform: Platform; hold: PlatformHoldView | undefined }[];
  merchants: MerchantCounts[];
  open: OpenCount[];
  conflicts: ConflictCount;
  /** Counted from a moment on. */
  lastHour: Pick<Point, 'succeeded' | 'failed'> & { from: Date };
  endpoints: Pick<WebhookEndpoint, 'id' | 'state' | 'disabledReason' | 'failingSince' | 'updatedAt'>[];
}

/** Every worker sweeps several times a minute, and tallies a day's deletions within it at most. */
const SILENT_WORKER_MS = 15 * 60_000;
/** A hook that fails for less is tried again soon, and is nobody's business yet. */
const FAILING_HOOK_MS = 10 * 60_000;
/** Fewer failures may be one bad list. */
const FAILURES_AT_LEAST = 10;

/** What somebody has to see to, the worst first. */
export function alarmsOf(facts: AlarmFacts): Alarm[] {
  const alarms = [
    ...partAlarms(facts),
    ...workerAlarms(facts),
    ...platformAlarms(facts),
    ...merchantAlarms(facts),
    ...deletionAlarms(facts),
    ...endpointAlarms(facts),
  ];
  return severities.flatMap((severity) => alarms.filter((alarm) => alarm.severity === severity));
}

function partAlarms({ isUnlimited, parts }: AlarmFacts): Alarm[] {
  if (!isUnlimited) return [];
  return Object.entries(parts).flatMap(([part, code]) =>
    code ? [alarm('part_not_ready', 'critical', { type: 'service', id: part }, { facts: { part, reason: code } })] : [],
  );
}

function workerAlarms({ now, isUnlimited, sweptAt: since }: AlarmFacts): Alarm[] {
  if (!isUnlimited || since === null || now.getTime() - since.getTime() < SILENT_WORKER_MS) return [];
  return [alarm('worker_silent', 'critical', { type: 'service' }, { since })];
}

function platformAlarms({ now, isUnlimited, platforms }: AlarmFacts): Alarm[] {
  if (platforms.length === 0) return isUnlimited ? [alarm('no_platform', 'notice', { type: 'service' })] : [];
  return platforms.flatMap(({ platform, hold }) => {
    const subject = { type: 'platform', id: platform.componentAppid } as const;
    const name = { platform: platform.componentAppid };
    const { ticketReceivedAt } = platform;
    const { state } = ticketStateAt(ticketReceivedAt, now);
    const held = hold && [
      alarm('platform_held', 'critical', subject, {
        since: hold.since,
        facts: { ...name, reason: hold.reason, errcode: hold.errcode },
      }),
    ];
    // A hold for want of a ticket says it already.
    if (state === 'fresh' || hold?.reason === 'ticket_missing') return held ?? [];
    const since = ticketReceivedAt ?? platform.createdAt;
    const ticket =
      state === 'missing'
        ? alarm('ticket_missing', 'critical', subject, { since, facts: name })
        : alarm('ticket_silent', 'warning', subject, { since, facts: name });
    return [...(held ?? []), ticket];
  });
}

function merchantAlarms({ merchants, conflicts }: AlarmFacts): Alarm[] {
  const total = (of: (counts: MerchantCounts) => number) => merchants.reduce((sum, counts) => sum + of(counts), 0);
  const lapsed = total(({ reasons }) => reasons.reauthorization_required);
  const unreadable = total(({ factsUnreadable }) => factsUnreadable);
  const [first] = conflicts.merchants;
  return [
    ...(conflicts.count > 0
      ? [
          alarm(
            'token_conflict',
            'warning',
            conflicts.count === 1 && first !== undefined ? { type: 'merchant', id: first } : { type: 'merchants' },
            { since: conflicts.since, count: conflicts.count, facts: { merchants: conflicts.merchants } },
          ),
        ]
      : []),
    ...(unreadable > 0
      ? [
          alarm('facts_unreadable', 'warning', listOf('merchants', { facts_unknown: 'true' }), {
            since: earliest(merchants.map(({ factsUnreadableSince }) => factsUnreadableSince)),
            count: unreadable,
          }),
        ]
      : []),
    ...(lapsed > 0
      ? [
          alarm('must_reauthorize', 'warning', listOf('merchants', { reason: 'reauthorization_required' }), {
            count: lapsed,
          }),
        ]
      : []),
  ];
}

function deletionAlarms({ open, lastHour: { from, succeeded, failed } }: AlarmFacts): Alarm[] {
  const forAdmin = open
    .filter(({ waitingFor }) => waitingFor === 'merchant_admin')
    .reduce((sum, { count }) => sum + count, 0);
  return [
    ...(forAdmin > 0
      ? [
          alarm('admin_must_confirm', 'warning', listOf('deletions', { waiting_for: 'merchant_admin' }), {
            count: forAdmin,
          }),
        ]
      : []),
    ...(failed >= FAILURES_AT_LEAST && failed > succeeded
      ? [
          alarm(
            'deletions_failing',
            'warning',
            listOf('deletions', { state: 'failed', finished_after: from.toISOString() }),
            { count: failed, facts: { succeeded, failed } },
          ),
        ]
      : []),
  ];
}

function endpointAlarms({ now, endpoints }: AlarmFacts): Alarm[] {
  return endpoints.flatMap(({ id, state, disabledReason, failingSince, updatedAt }) => {
    const subject = { type: 'webhook_endpoint', id } as const;
    if (state === 'disabled' && disabledReason !== 'request') {
      return [alarm('webhook_disabled', 'warning', subject, { since: updatedAt, facts: { reason: disabledReason } })];
    }
    const isFailing = failingSince !== null && now.getTime() - failingSince.getTime() >= FAILING_HOOK_MS;
    return state === 'enabled' && isFailing
      ? [alarm('webhook_failing', 'warning', subject, { since: failingSince })]
      : [];
  });
}

const alarm = (
  code: AlarmCode,
  severity: Alarm['severity'],
  { type, id = null, filter = {} }: Pick<Alarm['subject'], 'type'> & Partial<Alarm['subject']>,
  { since = null, count = 1, facts = {} }: Partial<Pick<Alarm, 'since' | 'count' | 'facts'>> = {},
): Alarm => ({ code, severity, since, count, subject: { type, id, filter }, facts });

const listOf = (type: 'merchants' | 'deletions', filter: Record<string, string>) => ({ type, filter });

function earliest(moments: (Date | null)[]): Date | null {
  const known = moments.filter((moment) => moment !== null).map((moment) => moment.getTime());
  return known.length > 0 ? new Date(Math.min(...known)) : null;
}
