import { SeededRandom } from './random.js';

const story = (random: SeededRandom) => [
  random.next(),
  random.int(1, 6),
  random.hex(8),
  random.base64url(20),
  random.normal(),
];

it('tells the same story for the same seed, and another for another', () => {
  expect(story(new SeededRandom(7))).toEqual(story(new SeededRandom(7)));
  expect(story(new SeededRandom(8))).not.toEqual(story(new SeededRandom(7)));
});

it('goes on from where it stood', () => {
  const random = new SeededRandom(7);
  story(random);
  const later = new SeededRandom(1);
  later.reseed(random.position);
  expect(story(later)).toEqual(story(random));
});

it('draws whole numbers within both bounds, all of them', () => {
  const random = new SeededRandom(1);
  const drawn = new Set(Array.from({ length: 500 }, () => random.int(1, 6)));
  expect([...drawn].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

it('takes chances as often as told', () => {
  const random = new SeededRandom(1);
  const hits = Array.from({ length: 10_000 }, () => random.chance(0.2)).filter(Boolean).length;
  expect(hits).toBeGreaterThan(1850);
  expect(hits).toBeLessThan(2150);
  expect(random.chance(0)).toBe(false);
});
