import { setTimeout as delay } from 'node:timers/promises';
import { Batcher, type BatchWindow } from './batcher.js';

/** A round trip that doubles numbers, keeps what it was sent, and cannot do with 13. */
function doubling(window?: BatchWindow) {
  const sent: number[][] = [];
  const batcher = new Batcher(
    async (items: number[]) => {
      sent.push(items);
      await Promise.resolve();
      if (items.includes(13)) throw new Error('unlucky');
      if (items.includes(0)) throw new Error('away');
      return items.map((item) => item * 2);
    },
    (error) => error instanceof Error && error.message === 'unlucky',
    window,
  );
  return { sent, submit: (item: number) => batcher.submit(item) };
}

describe('a batcher', () => {
  it('sends in one round trip what is submitted at the same time, and answers each its own', async () => {
    const { sent, submit } = doubling();
    expect(await Promise.all([1, 2, 3].map(submit))).toEqual([2, 4, 6]);
    expect(await submit(4)).toBe(8);
    expect(sent).toEqual([[1, 2, 3], [4]]);
  });

  it('gathers what comes while two round trips are under way', async () => {
    const sent: number[][] = [];
    const answer: (() => void)[] = [];
    const batcher = new Batcher(
      async (items: number[]) => {
        sent.push(items);
        await new Promise<void>((resolve) => answer.push(resolve));
        return items;
      },
      () => false,
    );
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const submitted: Promise<number>[] = [];
    const later = Array.from({ length: 20 }, (_none, index) => index + 3);
    submitted.push(batcher.submit(1));
    await turn();
    submitted.push(batcher.submit(2));
    await delay(30);
    for (const item of later) {
      submitted.push(batcher.submit(item));
      await turn();
    }
    expect(sent).toEqual([[1], [2]]);
    answer[0]?.();
    await turn();
    expect(sent).toEqual([[1], [2], later]);
    for (const one of answer) one();
    expect(await Promise.all(submitted)).toEqual([1, 2, ...later]);
  });

  it('lets few wait a little for more to come', async () => {
    // Two are enough; one alone waits for the other, three milliseconds for each item of the statement before.
    const { sent, submit } = doubling({ enoughItems: 2, longestMs: 60_000 });
    const before = Array.from({ length: 200 }, (_one, index) => index + 100);
    await Promise.all(before.map(submit));
    const two = submit(2);
    await new Promise((resolve) => setImmediate(resolve));
    const three = submit(3);
    expect(await Promise.all([two, three])).toEqual([4, 6]);
    expect(sent).toEqual([before, [2, 3]]);
  });

  it('does not wait for more when enough have come', async () => {
    const { sent, submit } = doubling();
    await submit(1);
    const items = Array.from({ length: 40 }, (_one, index) => index + 100);
    const submitted: Promise<number>[] = [];
    for (const item of items) {
      submitted.push(submit(item));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(submitted)).toEqual(items.map((item) => item * 2));
    // The first statement of those was sent when enough had come, long before the last was submitted.
    expect(sent[1]?.length).toBeLessThan(40);
  });

  it('keeps one statement short', async () => {
    const { sent, submit } = doubling();
    const items = Array.from({ length: 450 }, (_one, index) => index + 100);
    expect(await Promise.all(items.map(submit))).toEqual(items.map((item) => item * 2));
    expect(sent.map(({ length }) => length)).toEqual([200, 200, 50]);
  });

  it('lets only that one fail which cannot be served', async () => {
    const { submit } = doubling();
    const outcomes = await Promise.allSettled([1, 13, 2].map(submit));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await submit(5)).toBe(10);
  });

  it('lets all fail at once when it is nobody’s own fault', async () => {
    const { sent, submit } = doubling();
    const outcomes = await Promise.allSettled([1, 0, 2].map(submit));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(sent).toEqual([[1, 0, 2]]);
  });
});
