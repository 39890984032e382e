import { CallSlots, type CallSlot } from './call-slots.js';

/** Works that come for a slot, release it and end when told. */
function working(slots: CallSlots) {
  const calling: number[] = [];
  const refused: number[] = [];
  const ends: (() => void)[] = [];
  const given: CallSlot[] = [];
  const turn = () => new Promise(setImmediate);
  const start = async (...ids: number[]) => {
    for (const id of ids) {
      void slots.run(async (slot) => {
        given[id] = slot;
        ((await slot.acquire()) ? calling : refused).push(id);
        await new Promise<void>((resolve) => (ends[id] = resolve));
      });
    }
    await turn();
  };
  const end = async (...ids: number[]) => {
    for (const id of ids) ends[id]?.();
    await turn();
  };
  const release = async (id: number, options?: { again: true }) => {
    given[id]?.release(options);
    await turn();
  };
  const acquire = async (id: number) => {
    void given[id]?.acquire().then((hasSlot) => (hasSlot ? calling : refused).push(id));
    await turn();
  };
  return { calling, refused, start, end, release, acquire };
}

describe('call slots', () => {
  it('let so many make calls at a time, first come, first served', async () => {
    const { calling, start, end } = working(new CallSlots(2));
    await start(0, 1, 2, 3);
    expect(calling).toEqual([0, 1]);
    await end(1);
    expect(calling).toEqual([0, 1, 2]);
    await end(0);
    expect(calling).toEqual([0, 1, 2, 3]);
  });

  it('are free for another as soon as one is released, and only once', async () => {
    const { calling, start, end, release } = working(new CallSlots(1));
    await start(0, 1, 2);
    await release(0);
    await release(0);
    await end(0);
    expect(calling).toEqual([0, 1]);
  });

  it('are kept by those who have one and come again', async () => {
    const slots = new CallSlots(1);
    await slots.run(async ({ acquire }) => {
      expect(await acquire()).toBe(true);
      expect(await acquire()).toBe(true);
    });
    await slots.run(async ({ acquire }) => expect(await acquire()).toBe(true));
  });

  it('are taken anew for each call: whoever comes again goes before those who come for their first', async () => {
    const slots = new CallSlots(2);
    const { calling, start, end, release, acquire } = working(slots);
    await start(0, 1, 2, 3, 4);
    await release(0, { again: true });
    await release(1, { again: true });
    expect(calling).toEqual([0, 1, 2, 3]);
    await acquire(1);
    await acquire(0);
    await end(2);
    await end(3);
    expect(calling).toEqual([0, 1, 2, 3, 1, 0]);
    await release(1);
    expect(calling).toEqual([0, 1, 2, 3, 1, 0, 4]);
  });

  it('have none fetched ahead for those who have released theirs and come again', async () => {
    const slots = new CallSlots(10);
    const { start, release } = working(slots);
    await start(0, 1, 2, 3, 4, 5);
    for (const id of [0, 1, 2, 3, 4, 5]) await release(id, { again: true });
    // A few for those who will.
    expect(slots.prefetch).toBe(2);
    await start(6, 7, 8);
    for (const id of [6, 7, 8]) await release(id);
    expect(slots.prefetch).toBe(3 + 3);
  });

  it('are free again when a work fails', async () => {
    const slots = new CallSlots(1);
    const failing = slots.run(async ({ acquire }) => {
      await acquire();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await slots.run(async ({ acquire }) => expect(await acquire()).toBe(true));
  });

  it('are not to be had once closed, neither by those who wait nor by those who come', async () => {
    const slots = new CallSlots(1);
    const { calling, refused, start } = working(slots);
    await start(0, 1);
    slots.close();
    await start();
    await start(2);
    expect(calling).toEqual([0]);
    expect(refused).toEqual([1, 2]);
  });

  it('have as many jobs fetched ahead as have released theirs and not ended, and a few for those who will, at most two for each slot', async () => {
    const slots = new CallSlots(2);
    const { start, end, release } = working(slots);
    expect(slots.prefetch).toBe(0);
    await start(0);
    await release(0);
    expect(slots.prefetch).toBe(2);
    await start(1);
    await release(1);
    expect(slots.prefetch).toBe(3);
    for (const id of [2, 3, 4]) {
      await start(id);
      await release(id);
    }
    expect(slots.prefetch).toBe(4);
    await end(0, 1, 2, 3, 4);
  });

  it('have no more fetched ahead while some wait for a slot', async () => {
    const slots = new CallSlots(1);
    const { start, release } = working(slots);
    await start(0, 1, 2);
    await release(0);
    expect(slots.prefetch).toBe(0);
    await release(1);
    expect(slots.prefetch).toBe(3 - 1);
  });

  it('have none fetched ahead for works that stay until they end, or come for none', async () => {
    const slots = new CallSlots(2);
    const { start, end } = working(slots);
    await start(0, 1, 2);
    await end(0, 1, 2);
    await slots.run(async ({ release }) => release());
    expect(slots.prefetch).toBe(0);
  });
});
