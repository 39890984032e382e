import { afterEarlyVoid, mintedElsewhereSince } from './early-voids.js';

const now = new Date('2026-03-01T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

it.each([
  { case: 'the first', voids: [], toldAt: null, tells: false },
  { case: 'the second', voids: [20], toldAt: null, tells: false },
  { case: 'the third within an hour', voids: [60, 20], toldAt: null, tells: true },
  { case: 'the third, but not within an hour', voids: [61, 20], toldAt: null, tells: false },
  { case: 'the fourth, with the last three within an hour', voids: [90, 60, 20], toldAt: null, tells: true },
  { case: 'one that was told of less than an hour ago', voids: [50, 40, 20], toldAt: 59, tells: false },
  { case: 'one that was told of an hour ago', voids: [50, 40, 20], toldAt: 60, tells: true },
])('$case: tells $tells', ({ voids, toldAt, tells }) => {
  const known = { voids: voids.map(ago), toldAt: toldAt === null ? null : ago(toldAt) };
  expect(afterEarlyVoid(known, ago(1), now).isToBeTold).toBe(tells);
});

it('keeps the last three', () => {
  expect(afterEarlyVoid({ voids: [ago(90), ago(60), ago(20)], toldAt: null }, ago(1), now)).toEqual({
    voids: [ago(60), ago(20), ago(1)],
    since: ago(60),
    isToBeTold: true,
  });
});

it('takes a token whose end was seen long ago for what it was then', () => {
  const { since } = afterEarlyVoid({ voids: [ago(500), ago(490)], toldAt: null }, ago(480), now);
  expect(since).toBeNull();
});

it.each([
  { voids: [], since: null },
  { voids: [20, 10], since: null },
  { voids: [30, 20, 10], since: 30 },
  { voids: [61, 20, 10], since: null },
])('after $voids minutes ago, another system mints since $since', ({ voids, since }) => {
  expect(mintedElsewhereSince(voids.map(ago), now)).toEqual(since === null ? null : ago(since));
});
