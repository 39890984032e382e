import type { Takedown } from '@app/client';
import { csvRow, perMinute, progressOf } from './progress.js';

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

describe('a row of CSV', () => {
  it('keeps quotes, and gives spreadsheets no formula', () => {
    expect(csvRow([3, 'a "b"', '=1+1', '- x'])).toBe(`"3","a ""b""","'=1+1","'- x"\r\n`);
  });
});
