import { Counts, pendingOf, type Counted } from './counts.js';

/** A question whose answer is given later. */
function aQuestion() {
  const { promise, resolve, reject } = deferred();
  const ask = jest.fn(() => promise);
  return { ask, answer: (pending: number) => resolve({ pending }), fail: reject };
}

function deferred() {
  let resolve!: (told: { pending: number }) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<{ pending: number }>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

describe('counts', () => {
  let counts: Counts<Counted>;
  let now: number;
  beforeEach(() => {
    counts = new Counts();
    now = 1_000_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const counted = async (pending: number) => {
    await counts.count('key', () => Promise.resolve({ pending }));
    now += 2_000;
  };

  it('ask once, however many want to know', async () => {
    const question = aQuestion();
    const asked = Array.from({ length: 50 }, () => counts.count('key', question.ask));
    const other = counts.count('other', () => Promise.resolve({ pending: 1 }));
    question.answer(7);
    expect((await Promise.all(asked)).map(pendingOf)).toEqual(Array(50).fill(7));
    expect(question.ask).toHaveBeenCalledTimes(1);
    expect(pendingOf(await other)).toBe(1);
    await counts.count('key', question.ask);
    expect(question.ask).toHaveBeenCalledTimes(2);
  });

  it('let those ask for themselves who waited for one that failed', async () => {
    const broken = aQuestion();
    const first = counts.count('key', broken.ask);
    const second = counts.count('key', () => Promise.resolve({ pending: 3 }));
    broken.fail(new Error('broken off'));
    await expect(first).rejects.toThrow('broken off');
    expect(pendingOf(await second)).toBe(3);
  });

  const unasked = () => Promise.reject(new Error('nobody asks'));

  it.each([
    ['fresh', 9, 0, true],
    ['fresh and at the ceiling', 10, 0, true],
    ['old and far from the ceiling', 2, 44_000, true],
    ['old and near the ceiling', 3, 2_000, false],
    ['too old, however far from the ceiling', 0, 61_000, false],
  ])('know what is %s', async (_what, pending, ageMs, isKnown) => {
    await counts.count('key', () => Promise.resolve({ pending }));
    now += ageMs;
    expect(counts.recall('key', 10, unasked) !== undefined).toBe(isKnown);
  });

  it('are renewed beside those who use them, once for all, and again where that failed', async () => {
    await counted(1);
    now += 50_000;
    const broken = aQuestion();
    for (let i = 0; i < 3; i++) expect(counts.recall('key', 10, broken.ask)).toMatchObject({ pending: 1 });
    expect(broken.ask).toHaveBeenCalledTimes(1);
    broken.fail(new Error('the database is away'));
    await new Promise(setImmediate);
    const question = aQuestion();
    expect(counts.recall('key', 10, question.ask)).toMatchObject({ pending: 1 });
    question.answer(2);
    await new Promise(setImmediate);
    expect(counts.recall('key', 10, unasked)).toMatchObject({ pending: 2 });
    expect(counts.last('key')).toMatchObject({ pending: 2 });
  });

  it.each([
    ['far from the ceiling', 2, 10, true],
    ['near it', 3, 10, false],
    ['without a ceiling', 1_000, 0, true],
  ])('tell what is too old while it is counted anew, %s', async (_where, pending, ceiling, isTold) => {
    await counted(pending);
    now += 60_000;
    expect(counts.recall('key', ceiling, unasked)).toBeUndefined();
    const question = aQuestion();
    const counting = counts.count('key', question.ask);
    expect(counts.recall('key', ceiling, unasked) !== undefined).toBe(isTold);
    question.answer(pending);
    await counting;
  });

  it('keep what was added while Postgres counted', async () => {
    await counted(1);
    counts.add('key');
    const question = aQuestion();
    const counting = counts.count('key', question.ask);
    counts.add('key');
    question.answer(2);
    expect(pendingOf(await counting)).toBe(3);
  });
});
