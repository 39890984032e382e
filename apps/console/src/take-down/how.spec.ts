import {
  byReason,
  changesOf,
  howOf,
  isOld,
  lacksAgreement,
  localTime,
  slowAmong,
  undoSecondsOf,
  wouldGo,
} from './how.js';

const NOW = Date.parse('2026-03-01T12:00');

describe('the time to undo', () => {
  it.each([
    ['as chosen', { startAt: undefined, undoSeconds: 60 }, 60],
    ['until the time of the beginning', { startAt: '2026-03-01T13:00', undoSeconds: 60 }, 3_600],
    ['a day at most', { startAt: '2026-03-02T12:00', undoSeconds: 60 }, 86_400],
    ['not longer', { startAt: '2026-03-02T12:01', undoSeconds: 60 }, undefined],
    ['not in the past', { startAt: '2026-03-01T12:00', undoSeconds: 60 }, undefined],
    ['not at a time that is not whole yet', { startAt: '', undoSeconds: 60 }, undefined],
    ['not at a time that is none', { startAt: 'soon', undoSeconds: 60 }, undefined],
  ])('is %s', (_what, draft, seconds) => {
    expect(undoSecondsOf(draft, NOW)).toBe(seconds);
  });

  it('can be given as the field writes it', () => {
    expect(localTime(NOW)).toBe('2026-03-01T12:00');
  });
});

it('names nothing first that is refused, or of an account that cannot be served', () => {
  const of = (merchant: string) => ({ merchant, msg_id: '1', article_idx: 1 });
  const named = [
    { line: 1, item: of('wxa') },
    { line: 2, item: of('wxb') },
    // Of a label, which has no lines.
    { line: 0, item: of('wxc') },
    { line: 0, item: of('wxd') },
  ];
  const errors = [{ line: 2, code: 'message_not_sent', detail: '' }];
  const ineligible = { items: 1, merchants: 1, list: [{ merchant: 'wxc', reasons: [], items: 1 }] };
  expect(wouldGo(named, { errors, ineligible } as never)).toEqual([of('wxa'), of('wxd')]);
});

describe('how it is asked', () => {
  it('has no reason where none was written', () => {
    expect(howOf({ reason: '  ', isUrgent: true }, 0)).toEqual({ priority: 'urgent', undo_seconds: 0 });
    expect(howOf({ reason: ' wrong price ', isUrgent: false }, 60)).toEqual({
      priority: 'normal',
      undo_seconds: 60,
      reason: 'wrong price',
    });
  });
});

const NUMBERS = { deletions: 5, merchants: 2, whole_messages: 0, already_open: 1, already_deleted: 0, rejected: 3 };

describe('a second dry run', () => {
  it('tells what has changed since the first', () => {
    expect(changesOf(NUMBERS, NUMBERS)).toEqual([]);
    expect(changesOf(NUMBERS, { ...NUMBERS, deletions: 4, already_open: 2 })).toEqual([
      { what: 'deletions', before: 5, now: 4 },
      { what: 'already_open', before: 1, now: 2 },
    ]);
  });
});

describe('before it is sent', () => {
  it('is worked out anew when that is minutes ago', () => {
    expect([60_000, 120_000, 120_001].map((age) => isOld(NOW - age, NOW))).toEqual([false, false, true]);
  });

  it.each([
    ['none', 0, undefined, 0, false],
    ['as many as were seen', 2, 2, 0, false],
    ['fewer', 1, 2, 0, false],
    ['more than were seen', 3, 2, 0, true],
    ['more, and agreed to', 3, 2, 3, false],
    ['still more', 4, 2, 3, true],
    ['some where none were seen', 1, undefined, 0, true],
  ])('whole messages are agreed to anew: %s', (_what, whole, seen, agreedTo, lacks) => {
    const before = seen === undefined ? undefined : { ...NUMBERS, whole_messages: seen };
    expect(lacksAgreement({ ...NUMBERS, whole_messages: whole }, before, agreedTo)).toBe(lacks);
  });
});

describe('what is not accepted', () => {
  it('is told by reason, the commonest first, with the lines that people see', () => {
    const errors = [
      { line: 1, code: 'merchant_not_found', detail: 'a' },
      { line: 2, code: 'url_not_resolved', detail: 'b' },
      { line: 3, code: 'url_not_resolved', detail: 'c' },
    ];
    expect(byReason(errors, (line) => line * 10)).toEqual([
      { code: 'url_not_resolved', detail: 'b', lines: [20, 30] },
      { code: 'merchant_not_found', detail: 'a', lines: [10] },
    ]);
  });
});

it('names as slow the accounts that wait for another day of quota, which begins at midnight in Shanghai', () => {
  const ends = [null, '2026-03-03T02:00:00Z', '2026-03-01T16:00:00Z', '2026-03-01T15:59:59Z', '2026-03-01T12:00:01Z'];
  const slowest = ends.map((eta, i) => ({ merchant: `wx${i}`, deletions: 1, eta }));
  const slow = (now: string) => slowAmong(slowest, Date.parse(now)).map(({ merchant }) => merchant);
  expect(slow('2026-03-01T12:00:00Z')).toEqual(['wx0', 'wx1', 'wx2']);
  expect(slow('2026-03-01T16:00:00Z')).toEqual(['wx0', 'wx1']);
  expect(slow('2026-03-03T00:00:00Z')).toEqual(['wx0']);
});
