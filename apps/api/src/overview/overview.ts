import { z } from 'zod';
import { holdReasons, SPAN_STEP_MS, totalOf, waitingFor, type Point, type SpanName } from '@app/deletions';
import { eventMessage } from '@app/events';
import { ineligibleReasonCodes, ticketStateAt, type IneligibleReason } from '@app/merchants';
import { eventSchema } from '../events/event.js';
import { takedownResource, takedownSchema } from '../takedowns/takedown.js';
import { alarmCodes, alarmsOf, severities, subjectTypes, type Alarm } from './alarms.js';
import type { OverviewFacts } from './overview-facts.js';

const count = z.int();
const moment = z.string().nullable();

const alarmSchema = z
  .object({
    code: z.enum(alarmCodes).meta({ description: 'Stable. The console has a sentence for each.' }),
    severity: z.enum(severities),
    since: moment,
    count: count.meta({ description: 'How many things are concerned.' }),
    subject: z
      .object({
        type: z.enum(subjectTypes),
        id: z.string().nullable(),
        filter: z.record(z.string(), z.string()).meta({ description: 'Of a list: its filters that find them.' }),
      })
      .meta({ description: 'Where it is mended.' }),
    facts: z
      .record(z.string(), z.union([z.string(), z.number(), z.array(z.string()), z.null()]))
      .meta({ description: 'What a sentence about it names, such as the platform or the reason.' }),
  })
  .meta({ id: 'Alarm' });

const pointSchema = z.object({
  at: z.string().meta({ description: 'When the step begins.' }),
  succeeded: count,
  failed: count,
  cancelled: count,
  outcomes: z.record(z.string(), count).meta({ description: 'By the code of the outcome.' }),
});
const seriesSchema = z.object({ step_seconds: count, points: z.array(pointSchema) });

export const overviewSchema = z
  .object({
    alarms: z.array(alarmSchema).meta({ description: 'What somebody has to see to, the worst first.' }),
    platforms: z.array(
      z.object({
        component_appid: z.string(),
        ticket_state: z.enum(['fresh', 'silent', 'missing']),
        ticket_received_at: moment,
        hold: z.object({ reason: z.enum(holdReasons), errcode: count.nullable(), since: z.string() }).nullable(),
        merchants: count,
        eligible: count,
      }),
    ),
    deletions: z.object({
      open: z.record(z.enum(['scheduled', 'queued', 'running', 'waiting']), count),
      waiting_for: z.partialRecord(z.enum(waitingFor), count).meta({ description: 'Of those that wait, by reason.' }),
      today: z
        .object({ since: z.string(), succeeded: count, failed: count, cancelled: count })
        .meta({ description: 'Since the day began in Shanghai.' }),
    }),
    quota: z
      .object({ accounts: count, left: count, resets_at: z.string() })
      .meta({ description: 'Deletions that the accounts of all eligible merchants together have left today.' }),
    merchants: z.object({
      total: count,
      eligible: count,
      facts_unknown: count,
      ineligible: z
        .record(z.enum(ineligibleReasonCodes), count)
        .meta({ description: 'By reason; a merchant may have several.' }),
    }),
    series: z.object({ hour: seriesSchema, day: seriesSchema, month: seriesSchema }).meta({
      description:
        'How deletions ended: the last hour by five minutes, the last day by hours, the last thirty days of Shanghai. ' +
        'An end counts when it comes. A failure that was retried counts still when some minutes had passed by then, and ' +
        'not at all for keys limited to merchants.',
    }),
    takedowns: z
      .array(
        takedownSchema.extend({
          ended_last_minute: count.meta({
            description: 'Deletions that it made, not those that it found open, that ended within the last minute.',
          }),
        }),
      )
      .meta({ description: 'The newest ten that are under way.' }),
    events: z.array(eventSchema).meta({
      description: 'The newest twenty, newest first; of keys with limits, those among the newest 2,000 of all.',
    }),
  })
  .meta({ id: 'Overview' });

export type OverviewParts = Awaited<ReturnType<OverviewFacts['of']>>;

export function overviewResource(facts: OverviewParts): z.input<typeof overviewSchema> {
  const { now, platforms, merchants, open, series, quota, takedowns, events } = facts;
  const today = series.month.at(-1);
  const total = (of: (counts: (typeof merchants)[number]) => number) =>
    merchants.reduce((sum, counts) => sum + of(counts), 0);
  const openOf = (isCounted: (counted: (typeof open)[number]) => boolean) =>
    open.filter(isCounted).reduce((sum, counted) => sum + counted.count, 0);
  const lastHour = {
    from: series.hour[0]?.at ?? now,
    succeeded: totalOf(series.hour, 'succeeded'),
    failed: totalOf(series.hour, 'failed'),
  };
  return {
    alarms: alarmsOf({ ...facts, lastHour }).map(alarmResource),
    platforms: platforms.map(({ platform, hold }) => {
      const counts = merchants.find(({ platformId }) => platformId === platform.id);
      return {
        component_appid: platform.componentAppid,
        ticket_state: ticketStateAt(platform.ticketReceivedAt, now).state,
        ticket_received_at: platform.ticketReceivedAt?.toISOString() ?? null,
        hold: hold ? { reason: hold.reason, errcode: hold.errcode, since: hold.since.toISOString() } : null,
        merchants: counts?.merchants ?? 0,
        eligible: counts?.eligible ?? 0,
      };
    }),
    deletions: {
      open: {
        scheduled: openOf(({ state }) => state === 'scheduled'),
        queued: openOf(({ state }) => state === 'queued'),
        running: openOf(({ state }) => state === 'running'),
        waiting: openOf(({ state }) => state === 'waiting'),
      },
      waiting_for: Object.fromEntries(
        waitingFor
          .map((reason) => [reason, openOf((counted) => counted.waitingFor === reason)] as const)
          .filter(([, waiting]) => waiting > 0),
      ),
      today: {
        since: (today?.at ?? now).toISOString(),
        succeeded: today?.succeeded ?? 0,
        failed: today?.failed ?? 0,
        cancelled: today?.cancelled ?? 0,
      },
    },
    quota: { accounts: quota.accounts, left: quota.left, resets_at: quota.resetsAt.toISOString() },
    merchants: {
      total: total((counts) => counts.merchants),
      eligible: total((counts) => counts.eligible),
      facts_unknown: total((counts) => counts.factsUnknown),
      ineligible: Object.fromEntries(
        ineligibleReasonCodes.map((code) => [code, total(({ reasons }) => reasons[code])]),
      ) as Record<IneligibleReason, number>,
    },
    series: {
      hour: seriesResource('hour', series.hour),
      day: seriesResource('day', series.day),
      month: seriesResource('month', series.month),
    },
    takedowns: takedowns.map(({ takedown, progress, endedInAMinute }) => ({
      ...takedownResource(takedown, progress),
      ended_last_minute: endedInAMinute,
    })),
    events: events.map(eventMessage),
  };
}

const seriesResource = (span: SpanName, points: Point[]) => ({
  step_seconds: SPAN_STEP_MS[span] / 1_000,
  points: points.map(pointResource),
});

const pointResource = ({ at, ...counts }: Point) => ({ at: at.toISOString(), ...counts });

const alarmResource = ({ since, ...alarm }: Alarm) => ({ ...alarm, since: since?.toISOString() ?? null });
