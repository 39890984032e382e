import { pointsOf, spansAt, totalOf, type EndedCount } from './spans.js';

describe('spansAt', () => {
  const spans = spansAt(new Date('2026-11-29T18:07:33.120Z'));
  const endOf = ({ from, stepMs, steps }: (typeof spans)['hour']) => new Date(from.getTime() + stepMs * steps);

  it('ends each span with the step that is going on', () => {
    expect(endOf(spans.hour)).toEqual(new Date('2026-11-29T18:10:00Z'));
    expect(endOf(spans.day)).toEqual(new Date('2026-11-29T19:00:00Z'));
    expect(endOf(spans.month)).toEqual(new Date('2026-11-30T16:00:00Z'));
  });

  it('has twelve times five minutes, 24 hours, and 30 days of Shanghai', () => {
    expect(spans.hour).toEqual({ from: new Date('2026-11-29T17:10:00Z'), stepMs: 300_000, steps: 12 });
    expect(spans.day).toEqual({ from: new Date('2026-11-28T19:00:00Z'), stepMs: 3_600_000, steps: 24 });
    expect(spans.month).toEqual({ from: new Date('2026-10-31T16:00:00Z'), stepMs: 86_400_000, steps: 30 });
  });

  it('begins a step at the moment itself', () => {
    expect(spansAt(new Date('2026-11-29T16:00:00Z')).month.from).toEqual(new Date('2026-10-31T16:00:00Z'));
    expect(spansAt(new Date('2026-11-29T15:59:59.999Z')).month.from).toEqual(new Date('2026-10-30T16:00:00Z'));
  });
});

describe('pointsOf', () => {
  const span = { from: new Date('2026-11-29T17:00:00Z'), stepMs: 300_000, steps: 3 };
  const ended = (time: string, outcomeCode: string, state: EndedCount['state'], count: number) => ({
    at: new Date(`2026-11-29T${time}Z`),
    state,
    outcomeCode,
    count,
  });
  const points = pointsOf(span, [
    ended('16:59:59', 'deleted', 'succeeded', 100),
    ended('17:00:00', 'deleted', 'succeeded', 2),
    ended('17:04:59', 'already_deleted', 'succeeded', 1),
    ended('17:00:00', 'deleted', 'succeeded', 3),
    ended('17:10:00', 'refused', 'failed', 4),
    ended('17:15:00', 'refused', 'failed', 100),
  ]);

  it('has every step, and leaves out what is not within the span', () => {
    const none = { succeeded: 0, failed: 0, cancelled: 0 };
    expect(points).toEqual([
      { ...none, at: new Date('2026-11-29T17:00:00Z'), succeeded: 6, outcomes: { deleted: 5, already_deleted: 1 } },
      { ...none, at: new Date('2026-11-29T17:05:00Z'), outcomes: {} },
      { ...none, at: new Date('2026-11-29T17:10:00Z'), failed: 4, outcomes: { refused: 4 } },
    ]);
  });

  it('adds up', () => {
    expect([totalOf(points, 'succeeded'), totalOf(points, 'failed'), totalOf(points, 'cancelled')]).toEqual([6, 4, 0]);
  });
});
