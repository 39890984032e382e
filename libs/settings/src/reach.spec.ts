import { reach, Unreachable } from './reach.js';

const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

describe('reach', () => {
  const options = (isAway = true) => {
    const told: string[] = [];
    return { told, onWait: (reason: string) => void told.push(reason), isAway: () => isAway, everyMs: 1 };
  };

  it('waits for what is away, and says so once', async () => {
    const { told, ...rest } = options();
    let tries = 0;
    const ask = () => (++tries < 4 ? Promise.reject(refused()) : Promise.resolve('here'));
    await expect(reach('DATABASE_URL', ask, rest)).resolves.toBe('here');
    expect(told).toEqual(['ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1']);
  });

  it('ends when the patience is over, naming the setting and the innermost cause', async () => {
    const wrapped = new Error('ping', { cause: refused() });
    const asked = reach('QUEUE_URL', () => Promise.reject(wrapped), { ...options(), patienceMs: 0 });
    await expect(asked).rejects.toThrow(Unreachable);
    await expect(asked).rejects.toMatchObject({
      setting: 'QUEUE_URL',
      reason: 'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  it('does not wait where a later try cannot succeed', async () => {
    const { told, ...rest } = options(false);
    await expect(reach('DATABASE_URL', () => Promise.reject(refused()), rest)).rejects.toThrow('ECONNREFUSED');
    expect(told).toEqual([]);
  });
});
