import { goneOf, type ShownMessage, type Succeeded } from './gone-messages.js';
import { targetKey, WHOLE_MESSAGE } from '../deletion/target.js';

const MSG_ID = '3147483661';
const url = 'https://mp.weixin.qq.com/s/of-the-first';
const message: ShownMessage = {
  merchantId: 'm',
  msgId: MSG_ID,
  articles: [1, 2].map((articleIdx) => ({ articleIdx, url: null })),
};
const key = (articleIdx: number) => targetKey({ msgId: BigInt(MSG_ID), articleIdx });

let ended: number;
beforeEach(() => {
  ended = 0;
});
/** Each ended before those that were made earlier. */
const succeeded = (targetKey: string, facts: Partial<Succeeded> = {}): Succeeded => {
  const finishedAt = new Date(1_000_000 - ++ended);
  return { id: `${targetKey} ${ended}`, targetKey, finishedAt, isTold: false, isSince: true, ...facts };
};
const told = (of = message, deletions: Succeeded[] = [], count: number | null = null) => {
  const goneBy = goneOf(of, deletions, count);
  return [WHOLE_MESSAGE, 1, 2].map((articleIdx) => goneBy(articleIdx)?.id);
};

describe('of a message', () => {
  it('nothing is gone without a deletion', () => {
    expect(told()).toEqual([undefined, undefined, undefined]);
    expect(told(message, [], 0)).toEqual([undefined, undefined, undefined]);
  });

  it('an article is gone by the last deletion of its own', () => {
    const [last, first] = [succeeded(key(2)), succeeded(key(2))];
    expect(told(message, [last, first])).toEqual([undefined, undefined, last.id]);
  });

  it('all is gone by a deletion of the whole message, each article rather by its own', () => {
    const [whole, own] = [succeeded(key(WHOLE_MESSAGE)), succeeded(key(1))];
    expect(told(message, [whole, own])).toEqual([whole.id, own.id, whole.id]);
  });

  it('all is gone once WeChat has said so, rather by a deletion of the whole', () => {
    const one = succeeded(key(7), { isTold: true });
    expect(told(message, [one])).toEqual([one.id, one.id, one.id]);
    const whole = succeeded(key(WHOLE_MESSAGE));
    expect(told(message, [one, whole])).toEqual([whole.id, whole.id, whole.id]);
  });

  it('an article is gone by its address if that was asked for since the message went out', () => {
    const addressed = { ...message, articles: [{ articleIdx: 1, url }, ...message.articles.slice(1)] };
    const [before, since] = [succeeded(targetKey({ url }), { isSince: false }), succeeded(targetKey({ url }))];
    expect(told(addressed, [before])).toEqual([undefined, undefined, undefined]);
    expect(told(addressed, [before, since])).toEqual([undefined, since.id, undefined]);
    expect(told(message, [since])).toEqual([undefined, undefined, undefined]);
  });

  it('all is gone by the last of its articles when each is, if their number is known', () => {
    const [last, first] = [succeeded(key(1)), succeeded(key(2))];
    expect(told(message, [last, first], 2)).toEqual([last.id, last.id, first.id]);
    expect(told(message, [last, first], 3)).toEqual([undefined, last.id, first.id]);
    expect(told(message, [last, first])).toEqual([undefined, last.id, first.id]);
  });
});
