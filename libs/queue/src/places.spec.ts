import { Places, type Place } from './places.js';

/** Works that come for a place, leave it and end when told. */
function working(places: Places) {
  const calling: number[] = [];
  const refused: number[] = [];
  const ends: (() => void)[] = [];
  const given: Place[] = [];
  const turn = () => new Promise(setImmediate);
  const start = async (...ids: number[]) => {
    for (const id of ids) {
      void places.run(async (place) => {
        given[id] = place;
        ((await place.enter()) ? calling : refused).push(id);
        await new Promise<void>((resolve) => (ends[id] = resolve));
      });
    }
    await turn();
  };
  const end = async (...ids: number[]) => {
    for (const id of ids) ends[id]?.();
    await turn();
  };
  const leave = async (id: number, comesAgain?: 'comes again') => {
    given[id]?.leave(comesAgain);
    await turn();
  };
  const enter = async (id: number) => {
    void given[id]?.enter().then((hasPlace) => (hasPlace ? calling : refused).push(id));
    await turn();
  };
  return { calling, refused, start, end, leave, enter };
}

describe('places', () => {
  it('let so many make calls at a time, first come, first served', async () => {
    const { calling, start, end } = working(new Places(2));
    await start(0, 1, 2, 3);
    expect(calling).toEqual([0, 1]);
    await end(1);
    expect(calling).toEqual([0, 1, 2]);
    await end(0);
    expect(calling).toEqual([0, 1, 2, 3]);
  });

  it('are free for another as soon as one is left, and only once', async () => {
    const { calling, start, end, leave } = working(new Places(1));
    await start(0, 1, 2);
    await leave(0);
    await leave(0);
    await end(0);
    expect(calling).toEqual([0, 1]);
  });

  it('are kept by those who have one and come again', async () => {
    const places = new Places(1);
    await places.run(async ({ enter }) => {
      expect(await enter()).toBe(true);
      expect(await enter()).toBe(true);
    });
    await places.run(async ({ enter }) => expect(await enter()).toBe(true));
  });

  it('are taken anew for each call: whoever comes again goes before those who come for their first', async () => {
    const places = new Places(2);
    const { calling, start, end, leave, enter } = working(places);
    await start(0, 1, 2, 3, 4);
    await leave(0, 'comes again');
    await leave(1, 'comes again');
    expect(calling).toEqual([0, 1, 2, 3]);
    await enter(1);
    await enter(0);
    await end(2);
    await end(3);
    expect(calling).toEqual([0, 1, 2, 3, 1, 0]);
    await leave(1);
    expect(calling).toEqual([0, 1, 2, 3, 1, 0, 4]);
  });

  it('have none fetched ahead for those who have left and come again', async () => {
    const places = new Places(10);
    const { start, leave } = working(places);
    await start(0, 1, 2, 3, 4, 5);
    for (const id of [0, 1, 2, 3, 4, 5]) await leave(id, 'comes again');
    // A few for those who will.
    expect(places.ahead).toBe(2);
    await start(6, 7, 8);
    for (const id of [6, 7, 8]) await leave(id);
    expect(places.ahead).toBe(3 + 3);
  });

  it('are free again when a work fails', async () => {
    const places = new Places(1);
    const failing = places.run(async ({ enter }) => {
      await enter();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await places.run(async ({ enter }) => expect(await enter()).toBe(true));
  });

  it('are not to be had once closed, neither by those who wait nor by those who come', async () => {
    const places = new Places(1);
    const { calling, refused, start } = working(places);
    await start(0, 1);
    places.close();
    await start();
    await start(2);
    expect(calling).toEqual([0]);
    expect(refused).toEqual([1, 2]);
  });

  it('have as many jobs fetched ahead as have left and not ended, and a few for those who will, at most two for each place', async () => {
    const places = new Places(2);
    const { start, end, leave } = working(places);
    expect(places.ahead).toBe(0);
    await start(0);
    await leave(0);
    expect(places.ahead).toBe(2);
    await start(1);
    await leave(1);
    expect(places.ahead).toBe(3);
    for (const id of [2, 3, 4]) {
      await start(id);
      await leave(id);
    }
    expect(places.ahead).toBe(4);
    await end(0, 1, 2, 3, 4);
  });

  it('have no more fetched ahead while some wait for a place', async () => {
    const places = new Places(1);
    const { start, leave } = working(places);
    await start(0, 1, 2);
    await leave(0);
    expect(places.ahead).toBe(0);
    await leave(1);
    expect(places.ahead).toBe(3 - 1);
  });

  it('have none fetched ahead for works that stay until they end, or come for no place', async () => {
    const places = new Places(2);
    const { start, end } = working(places);
    await start(0, 1, 2);
    await end(0, 1, 2);
    await places.run(async ({ leave }) => leave());
    expect(places.ahead).toBe(0);
  });
});
