import { Remembered } from './remembered.js';

const OPTIONS = { freshMs: 10_000, deadlineMs: 60_000, staleMs: 60_000 };

function aFigure(read: () => Promise<number>, options = {}) {
  let reads = 0;
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const figure = new Remembered(() => (reads++, read()), { ...OPTIONS, onError, ...options });
  return { figure, reads: () => reads, errors };
}

describe('a remembered figure', () => {
  it('is read once for all who ask at the same time, and not again while it is fresh', async () => {
    const { figure, reads } = aFigure(() => Promise.resolve(7));
    expect(await Promise.all([figure.get(0), figure.get(1), figure.get(2)])).toEqual([7, 7, 7]);
    expect(await figure.get(9_999)).toBe(7);
    expect(reads()).toBe(1);
    await figure.get(10_000);
    expect(reads()).toBe(2);
  });

  it('is told while it cannot be read, until it is stale', async () => {
    let isAway = false;
    const { figure, errors } = aFigure(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(7)));
    await figure.get(0);
    isAway = true;
    expect(await figure.get(60_000)).toBe(7);
    expect(figure.ageMs(60_000)).toBe(60_000);
    expect(await figure.get(70_000)).toBeUndefined();
    expect(errors).toHaveLength(2);
    isAway = false;
    expect(await figure.get(80_000)).toBe(7);
  });

  it('that takes too long is not waited for, nor read a second time', async () => {
    let end = (_value: number) => undefined as void;
    const { figure, reads } = aFigure(() => new Promise((resolve) => (end = resolve)), { deadlineMs: 1 });
    expect(await figure.get(0)).toBeUndefined();
    expect(await figure.get(20_000)).toBeUndefined();
    expect(reads()).toBe(1);
    end(7);
    await new Promise(setImmediate);
    expect(figure.known(20_000)).toBe(7);
    end(8);
  });

  it('is told at once to who does not wait, and read for the next', async () => {
    const { figure } = aFigure(() => Promise.resolve(7));
    expect(figure.known(0)).toBeUndefined();
    await new Promise(setImmediate);
    expect(figure.known(1)).toBe(7);
  });
});
