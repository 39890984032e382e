import { outcomesOf, stacked, stepNames, totalsOf, type Point } from './series.js';

const point = (at: string, succeeded: number, failed: number, cancelled: number, outcomes = {}): Point => ({
  at,
  succeeded,
  failed,
  cancelled,
  outcomes,
});
const POINTS = [
  point('2026-11-28T16:00:00Z', 3, 1, 0, { deleted: 2, already_deleted: 1, refused: 1 }),
  point('2026-11-29T16:00:00Z', 0, 2, 4, { refused: 2, cancelled: 4 }),
];

it('adds up', () => expect(totalsOf(POINTS)).toEqual({ succeeded: 3, failed: 3, cancelled: 4 }));

it('has the most frequent outcome first', () =>
  expect(outcomesOf(POINTS)).toEqual([
    ['cancelled', 4],
    ['refused', 3],
    ['deleted', 2],
    ['already_deleted', 1],
  ]));

it('puts one bar on the other', () =>
  expect(stacked(POINTS)).toEqual([
    [3, 0],
    [4, 2],
    [4, 6],
  ]));

it('names days as they are in Shanghai, and hours as they are here', () => {
  expect(stepNames(POINTS, 'month', 'en', 'America/New_York')).toEqual(['29 Nov', '30 Nov']);
  expect(stepNames(POINTS, 'day', 'en', 'Europe/Berlin')).toEqual(['17:00', '17:00']);
  expect(stepNames(POINTS, 'month', 'zh')).toEqual(['11月29日', '11月30日']);
});
