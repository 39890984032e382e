import { foundPage, LOOKED_AT } from './search.js';

/** A list of numbers from 1 on, of which those fit that the rule says, as a statement would look at them. */
function numbers(length: number, rule: (id: number) => boolean) {
  return (limit: number, after: { id: number } | undefined) => {
    const from = after?.id ?? 0;
    const looked = Array.from({ length: Math.min(LOOKED_AT, length - from) }, (_value, i) => ({
      id: from + i + 1,
      fits: rule(from + i + 1),
      isLast: i + 1 === LOOKED_AT,
    }));
    return Promise.resolve(looked.filter(({ fits, isLast }) => fits || isLast).slice(0, limit));
  };
}

const LENGTHS = [0, 1, 499, 500, 501, 4_999, 5_000, 5_001, 12_345];
const RULES: Record<string, (id: number) => boolean> = {
  none: () => false,
  all: () => true,
  'the last of each statement': (id) => id % LOOKED_AT === 0,
  'the one behind': (id) => id % LOOKED_AT === 1,
  some: (id) => id % 7 === 3,
  'the last': (id) => id === 12_345,
};

describe('a search', () => {
  it.each(Object.entries(RULES))('finds what fits once, and in order, page by page: %s', async (_name, rule) => {
    for (const length of LENGTHS) {
      for (const limit of [1, 50, 200, 500]) {
        // Some pages of one would be many.
        if (limit === 1 && length > 501) continue;
        const seen: number[] = [];
        let after: { id: number } | undefined;
        do {
          const before: number = after?.id ?? 0;
          const { found, next } = await foundPage(numbers(length, rule), limit, after);
          expect(found.length).toBeLessThanOrEqual(limit);
          seen.push(...found.map(({ id }) => id));
          // A page that is short has looked at all that it may.
          if (next && found.length < limit) expect(next.id - before).toBe(5_000);
          after = next;
        } while (after);
        const wanted = Array.from({ length }, (_value, i) => i + 1).filter(rule);
        expect([length, limit, seen]).toEqual([length, limit, wanted]);
      }
    }
  });

  it('goes no further than it may', async () => {
    expect(
      await foundPage(
        numbers(12_345, () => false),
        50,
        undefined,
        2,
      ),
    ).toEqual({
      found: [],
      next: expect.objectContaining({ id: 1_000 }),
    });
  });

  it('asks once for a page of a list, which says nothing of its rows', async () => {
    const look = jest.fn((limit: number, _after: { id: number } | undefined) =>
      Promise.resolve([{ id: 1 }, { id: 2 }, { id: 3 }].slice(0, limit)),
    );
    expect(await foundPage(look, 2, undefined)).toEqual({ found: [{ id: 1 }, { id: 2 }], next: { id: 2 } });
    expect(await foundPage(look, 3, undefined)).toEqual({ found: [{ id: 1 }, { id: 2 }, { id: 3 }], next: undefined });
    expect(look.mock.calls).toEqual([
      [3, undefined],
      [4, undefined],
    ]);
  });
});
