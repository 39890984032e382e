import { isWithin } from './scope.js';

const sets = [null, ['a'], ['b'], ['a', 'b']];

/** What there is to reach, as platform and merchant. */
const world = ['a', 'b', 'c'].flatMap((platform) => ['a', 'b', 'c'].map((merchant) => ({ platform, merchant })));

function reach(platforms: string[] | null, merchants: string[] | null) {
  return world.filter(
    ({ platform, merchant }) => (platforms?.includes(platform) ?? true) && (merchants?.includes(merchant) ?? true),
  );
}

describe('a scope', () => {
  it('is within another exactly if it reaches nothing beyond it', () => {
    for (const [a, b, c, d] of sets.flatMap((a) =>
      sets.flatMap((b) => sets.flatMap((c) => sets.map((d) => [a, b, c, d] as const))),
    )) {
      const outer = reach(c, d);
      const isReachWithin = reach(a, b).every((one) => outer.includes(one));
      const within = isWithin({ platforms: a, merchants: b }, { platforms: c, merchants: d });
      expect([a, b, c, d, within]).toEqual([a, b, c, d, isReachWithin]);
    }
  });
});
