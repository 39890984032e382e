import type { PlatformHoldView } from '@app/deletions';
import type { MerchantCounts, Platform } from '@app/merchants';
import { alarmWords } from '@app/words';
import { alarmCodes, alarmsOf, type Alarm, type AlarmFacts } from './alarms.js';

const NOW = new Date('2026-11-29T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

const aPlatform = (ticketReceivedAt: Date | null): Platform => ({
  id: 'p1',
  componentAppid: 'wxplatform',
  ticketReceivedAt,
  reconciledAt: null,
  forwardUrls: [],
  providerName: null,
  providerLogoType: null,
  returnUrls: [],
  returnUrl: null,
  createdAt: ago(10_000),
  updatedAt: ago(10_000),
});
const aHold = (reason: PlatformHoldView['reason']): PlatformHoldView => ({
  reason,
  errcode: 61004,
  since: ago(3),
  nextProbeAt: NOW,
});
const counts = (changes: Partial<MerchantCounts>): MerchantCounts => ({
  platformId: 'p1',
  merchants: 10,
  eligible: 10,
  factsUnknown: 0,
  factsUnreadable: 0,
  factsUnreadableSince: null,
  reasons: {
    unauthorized: 0,
    reauthorization_required: 0,
    permission_set_7_not_granted: 0,
    not_an_official_account: 0,
    not_verified: 0,
    account_frozen: 0,
  },
  ...changes,
});
const NO_REASONS = counts({}).reasons;

const ALL_IS_WELL: AlarmFacts = {
  now: NOW,
  isUnlimited: true,
  parts: { database: null, queue: null },
  sweptAt: ago(1),
  platforms: [{ platform: aPlatform(ago(5)), hold: undefined }],
  merchants: [counts({})],
  open: [{ state: 'waiting', waitingFor: 'daily_quota', count: 1_000 }],
  conflicts: { count: 0, since: null, merchants: [] },
  lastHour: { from: ago(60), succeeded: 0, failed: 0 },
  endpoints: [{ id: 'e1', state: 'enabled', disabledReason: null, failingSince: null, updatedAt: ago(1) }],
};

const alarms = (changes: Partial<AlarmFacts>) => alarmsOf({ ...ALL_IS_WELL, ...changes });
const codes = (changes: Partial<AlarmFacts>) => alarms(changes).map(({ code }) => code);
const ticketOf = (minutes: number | null, hold?: PlatformHoldView) => ({
  platforms: [{ platform: aPlatform(minutes === null ? null : ago(minutes)), hold }],
});

describe('alarmsOf', () => {
  it('is silent while all is well', () => {
    expect(alarms({})).toEqual([]);
  });

  it('tells of a part that cannot work', () => {
    expect(alarms({ parts: { database: null, queue: 'queue_full' } })).toEqual<Alarm[]>([
      {
        code: 'part_not_ready',
        severity: 'critical',
        since: null,
        count: 1,
        subject: { type: 'service', id: 'queue', filter: {} },
        facts: { part: 'queue', reason: 'queue_full' },
      },
    ]);
  });

  it('keeps the service’s own parts from keys with limits, who cannot mend them', () => {
    expect(codes({ parts: { database: null, queue: 'queue_full' }, isUnlimited: false })).toEqual([]);
  });

  it.each([
    [14, true, []],
    [15, true, ['worker_silent']],
    [15, false, []],
    // The first start with tallies: a worker may have worked all the while.
    [null, true, []],
  ])('takes a sweep of %s minutes ago for a silent worker, for who sees everything', (minutes, isUnlimited, told) => {
    expect(codes({ sweptAt: minutes === null ? null : ago(minutes), isUnlimited })).toEqual(told);
  });

  it('asks for the first platform, of those who may register it', () => {
    expect(codes({ platforms: [] })).toEqual(['no_platform']);
    expect(codes({ platforms: [], isUnlimited: false })).toEqual([]);
  });

  it.each([
    [29, []],
    [30, ['ticket_silent']],
    [12 * 60, ['ticket_missing']],
    [null, ['ticket_missing']],
  ])('tells of a ticket of %s minutes ago', (minutes, told) => {
    expect(codes(ticketOf(minutes))).toEqual(told);
  });

  it('tells since when a ticket is missing that never came', () => {
    expect(alarms(ticketOf(null))[0]?.since).toEqual(ago(10_000));
  });

  it('tells of a hold, and of its ticket only where that is another matter', () => {
    expect(alarms(ticketOf(5, aHold('platform_broken')))).toEqual([
      expect.objectContaining({
        code: 'platform_held',
        severity: 'critical',
        since: ago(3),
        subject: { type: 'platform', id: 'wxplatform', filter: {} },
        facts: { platform: 'wxplatform', reason: 'platform_broken', errcode: 61004 },
      }),
    ]);
    expect(codes(ticketOf(null, aHold('ticket_missing')))).toEqual(['platform_held']);
    expect(codes(ticketOf(40, aHold('connect_failed')))).toEqual(['platform_held', 'ticket_silent']);
  });

  it('leads to the one merchant of a token conflict, and to the list of several', () => {
    const subjectOf = (merchants: string[]) =>
      alarms({ conflicts: { count: merchants.length, since: ago(1), merchants } })[0]?.subject;
    expect(subjectOf(['wxa'])).toEqual({ type: 'merchant', id: 'wxa', filter: {} });
    expect(subjectOf(['wxa', 'wxb'])).toEqual({ type: 'merchants', id: null, filter: {} });
  });

  it('adds up merchants over platforms', () => {
    const one = counts({
      factsUnreadable: 2,
      factsUnreadableSince: ago(20),
      reasons: { ...NO_REASONS, reauthorization_required: 3 },
    });
    const other = counts({ ...one, platformId: 'p2', factsUnreadableSince: ago(90) });
    expect(alarms({ merchants: [one, other] })).toEqual([
      expect.objectContaining({ code: 'facts_unreadable', count: 4, since: ago(90) }),
      expect.objectContaining({
        code: 'must_reauthorize',
        count: 6,
        subject: { type: 'merchants', id: null, filter: { reason: 'reauthorization_required' } },
      }),
    ]);
  });

  it('does not ring for what only a merchant can mend', () => {
    expect(codes({ merchants: [counts({ reasons: { ...NO_REASONS, not_verified: 5, unauthorized: 5 } })] })).toEqual(
      [],
    );
  });

  it('tells of deletions that wait for an admin', () => {
    const open: AlarmFacts['open'] = [
      { state: 'waiting', waitingFor: 'merchant_admin', count: 7 },
      { state: 'queued', waitingFor: null, count: 9 },
    ];
    const subject = { type: 'deletions', id: null, filter: { waiting_for: 'merchant_admin' } };
    expect(alarms({ open })).toEqual([expect.objectContaining({ code: 'admin_must_confirm', count: 7, subject })]);
  });

  it.each([
    [9, 0, []],
    [10, 0, ['deletions_failing']],
    [10, 10, []],
    [11, 10, ['deletions_failing']],
  ])('takes %s failures beside %s successes for a fault or not', (failed, succeeded, told) => {
    expect(codes({ lastHour: { from: ago(60), failed, succeeded } })).toEqual(told);
  });

  it('leads to exactly the failures that it counts', () => {
    expect(alarms({ lastHour: { from: ago(60), failed: 10, succeeded: 0 } })[0]?.subject.filter).toEqual({
      state: 'failed',
      finished_after: ago(60).toISOString(),
    });
  });

  it.each([
    [{ state: 'disabled', disabledReason: 'request' }, []],
    [{ state: 'disabled', disabledReason: 'gone' }, ['webhook_disabled']],
    [{ state: 'disabled', disabledReason: 'failing', failingSince: ago(60) }, ['webhook_disabled']],
    [{ failingSince: ago(9) }, []],
    [{ failingSince: ago(10) }, ['webhook_failing']],
  ] as [Partial<AlarmFacts['endpoints'][number]>, string[]][])('judges the endpoint %p', (changes, told) => {
    expect(codes({ endpoints: ALL_IS_WELL.endpoints.map((endpoint) => ({ ...endpoint, ...changes })) })).toEqual(told);
  });

  it('has the worst first', () => {
    const all = alarms({ ...ticketOf(40), parts: { database: null, queue: 'queue_full' } });
    expect(all.map(({ severity }) => severity)).toEqual(['critical', 'warning']);
  });
});

it('words name no more than their alarm tells', () => {
  const told: Record<string, Alarm> = Object.fromEntries(
    [
      ...alarms({ ...ticketOf(40), parts: { database: null, queue: 'queue_full' }, sweptAt: ago(60) }),
      ...alarms(ticketOf(null)),
      ...alarms({ platforms: [] }),
      ...alarms(ticketOf(5, aHold('platform_broken'))),
      ...alarms({
        conflicts: { count: 1, since: null, merchants: ['wxa'] },
        merchants: [counts({ factsUnreadable: 1, reasons: { ...NO_REASONS, reauthorization_required: 1 } })],
        open: [{ state: 'waiting', waitingFor: 'merchant_admin', count: 1 }],
        lastHour: { from: ago(60), succeeded: 0, failed: 10 },
      }),
      ...alarms({
        endpoints: [
          { id: 'e1', state: 'disabled', disabledReason: 'gone', failingSince: null, updatedAt: NOW },
          { id: 'e2', state: 'enabled', disabledReason: null, failingSince: ago(60), updatedAt: NOW },
        ],
      }),
    ].map((alarm) => [alarm.code, alarm]),
  );
  expect(Object.keys(told).sort()).toEqual([...alarmCodes].sort());
  for (const code of alarmCodes) {
    const { zh, en } = alarmWords[code];
    for (const [, name = ''] of (zh + en).matchAll(/\{(\w+)\}/g)) {
      expect([code, Object.keys({ count: 0, ...told[code]?.facts })]).toEqual([code, expect.arrayContaining([name])]);
    }
  }
});
