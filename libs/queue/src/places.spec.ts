import { Places } from './places.js';

/** Works that end when told. */
function working(places: Places) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const leaves: (() => void)[] = [];
  const start = (id: number) =>
    places.run(async (leave) => {
      begun.push(id);
      leaves[id] = leave;
      await new Promise<void>((resolve) => (ends[id] = resolve));
    });
  const end = async (id: number) => {
    ends[id]?.();
    await new Promise(setImmediate);
  };
  const leave = async (id: number) => {
    leaves[id]?.();
    await new Promise(setImmediate);
  };
  return { begun, start, end, leave };
}

describe('places', () => {
  it('let so many run at a time, first come, first served', async () => {
    const { begun, start, end } = working(new Places(2));
    const all = [0, 1, 2, 3].map(start);
    await new Promise(setImmediate);
    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(0);
    await end(2);
    await end(3);
    await Promise.all(all);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('are free for another as soon as one is left, and only once', async () => {
    const { begun, start, end, leave } = working(new Places(1));
    const all = [0, 1, 2].map(start);
    await leave(0);
    await leave(0);
    await end(0);
    expect(begun).toEqual([0, 1]);
    await end(1);
    await end(2);
    await Promise.all(all);
  });

  it('are free again when a work fails', async () => {
    const places = new Places(1);
    await expect(places.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await places.run(() => Promise.resolve());
  });

  it('have as many jobs fetched ahead as leave early, and at most as many as there are places', async () => {
    const places = new Places(2);
    const { start, end, leave } = working(places);
    expect(places.ahead).toBe(0);
    const all = [0, 1, 2, 3].map(start);
    await leave(0);
    expect(places.ahead).toBe(1);
    for (const id of [1, 2, 3]) await leave(id);
    expect(places.ahead).toBe(2);
    for (const id of [0, 1, 2, 3]) await end(id);
    await Promise.all(all);
  });

  it('have none fetched ahead for works that stay until they end', async () => {
    const places = new Places(2);
    const { start, end } = working(places);
    const all = [0, 1, 2].map(start);
    for (const id of [0, 1, 2]) await end(id);
    await Promise.all(all);
    expect(places.ahead).toBe(0);
  });
});
