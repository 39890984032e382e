import type { Takedown } from '@app/client';
import { merchantIn, ofOthers, perMinute, progressOf, standingOf, wasGone } from './progress.js';

const NONE = { scheduled: 0, queued: 0, running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0 };

describe('progress', () => {
  it('tells what has ended from what can still be stopped', () => {
    const counts = { scheduled: 1, queued: 2, running: 4, waiting: 8, succeeded: 16, failed: 32, cancelled: 64 };
    expect(progressOf(counts)).toEqual({
      all: 127,
      ended: 112,
      succeeded: 16,
      failed: 32,
      cancelled: 64,
      running: 4,
      open: 11,
      isWaiting: false,
    });
  });

  it.each([
    ['all that is left waits', { waiting: 3, succeeded: 1 }, true],
    ['one is being sent', { waiting: 3, running: 1 }, false],
    ['one is in its turn', { waiting: 3, queued: 1 }, false],
    ['nothing is left', { succeeded: 3 }, false],
  ])('waits or not: %s', (_what, counts, isWaiting) => {
    expect(progressOf({ ...NONE, ...counts }).isWaiting).toBe(isWaiting);
  });
});

describe('how a takedown stands', () => {
  const standing = (state: Takedown['state'], counts: object, given: object = {}) =>
    standingOf({
      ...{ state, undo_until: null, cancel_code: null, already_deleted: 0 },
      ...given,
      counts: { ...NONE, ...counts },
    });

  it.each<[string, Parameters<typeof standing>, object]>([
    ['is received', ['receiving', {}], { is: 'receiving' }],
    ['is about to begin', ['pending', {}, { undo_until: 'soon' }], { is: 'pending', untilAt: 'soon' }],
    ['broke off', ['cancelled', {}, { cancel_code: 'upload_broken_off' }], { is: 'broken_off' }],
    ['is under way', ['running', { queued: 1, succeeded: 2 }], { is: 'running', ended: 2, all: 3 }],
    ['waits', ['running', { waiting: 1, failed: 2 }], { is: 'waiting', ended: 2, all: 3 }],
    ['is done', ['finished', { succeeded: 3 }], { is: 'finished', all: 3 }],
    [
      'is done in part',
      ['finished', { succeeded: 3, failed: 1, cancelled: 1 }],
      { is: 'finished_partly', done: 3, all: 5, rest: 2 },
    ],
    ['was undone', ['cancelled', { cancelled: 3 }], { is: 'undone' }],
    [
      'was undone, some gone before',
      ['cancelled', { cancelled: 3, succeeded: 12 }, { already_deleted: 12 }],
      { is: 'undone' },
    ],
    ['was undone, those of others still open', ['cancelled', { cancelled: 3, queued: 2 }], { is: 'undone' }],
    [
      'was stopped with calls out',
      ['cancelled', { cancelled: 3, running: 2, succeeded: 0 }],
      { is: 'stopping', running: 2, done: 0, stopped: 3 },
    ],
    [
      'was stopped in the middle',
      ['cancelled', { cancelled: 3, succeeded: 5 }, { already_deleted: 1 }],
      { is: 'stopped', done: 4, stopped: 3, failed: 0 },
    ],
    [
      'was stopped, and nobody knows whether something is gone',
      ['cancelled', { cancelled: 3, failed: 1 }],
      { is: 'stopped', done: 0, stopped: 3, failed: 1 },
    ],
  ])('%s', (_what, given, stands) => {
    expect(standing(...given)).toEqual(stands);
  });

  it('is not told while its numbers are not', () => {
    expect(
      standingOf({ state: 'running', undo_until: null, cancel_code: null, already_deleted: 0, counts: null }),
    ).toEqual({ is: 'untold' });
  });

  it.each([
    [{ counts: null, already_open: 3 }, 3],
    [{ counts: { ...NONE, scheduled: 1, running: 1, succeeded: 5 }, already_open: 3 }, 2],
    [{ counts: { ...NONE, queued: 9 }, already_open: 3 }, 3],
  ])('others have asked for some of what is open: %j', (takedown, count) => {
    expect(ofOthers(takedown)).toBe(count);
  });

  it.each([
    ['2026-03-01T11:59:59.999Z', true],
    ['2026-03-01T12:00:01Z', false],
    [null, false],
  ])('a deletion was there before it: ended at %s', (finished_at, was) => {
    expect(wasGone({ finished_at }, { created_at: '2026-03-01T12:00:00Z' })).toBe(was);
  });
});

describe('the rate', () => {
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
  const aTakedown = (given: object) =>
    ({
      counts: { ...NONE, succeeded: 10, failed: 2, queued: 5 },
      already_deleted: 0,
      started_at: at(0),
      undo_until: null,
      finished_at: null,
      ...given,
    }) as Takedown;

  it.each([
    ['since it was received', {}, 6],
    ['since it could no longer be undone', { undo_until: at(60) }, 12],
    ['until it ended', { finished_at: at(30) }, 24],
    ['without what was gone before', { already_deleted: 6 }, 3],
    ['not in its first seconds', { undo_until: at(118) }, undefined],
    ['not before anything has ended', { counts: NONE }, undefined],
    ['not before all was received', { started_at: null }, undefined],
  ])('is that %s', (_what, given, rate) => {
    expect(perMinute(aTakedown(given), 120_000)).toBe(rate);
  });
});

it.each([
  ['{"merchant":"wx89689a70a3d01a9b","component_appid":"wx7a1f6f0e2c9b4d58"}', 'wx89689a70a3d01a9b'],
  ['wx89689a70a3d01a9b\t3147483661\t1', 'wx89689a70a3d01a9b'],
  ['https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC', undefined],
  [undefined, undefined],
])('finds the merchant of the line %p', (excerpt, appid) => expect(merchantIn(excerpt)).toBe(appid));
