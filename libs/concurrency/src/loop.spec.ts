import { Loop, pause } from './loop.js';

/** A loop whose turns a test counts, fails and holds. */
function counting(turn: (stopping: AbortSignal, count: number) => Promise<void> = async () => undefined, everyMs = 1) {
  const seen = { turns: 0, errors: [] as unknown[] };
  const loop = new Loop((stopping) => turn(stopping, ++seen.turns), {
    everyMs,
    onError: (error) => seen.errors.push(error),
  });
  return { seen, loop };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !condition(); await new Promise(setImmediate)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
  }
}

describe('a loop', () => {
  it('does nothing before it is started, and takes its first turn at once', async () => {
    const { seen, loop } = counting(undefined, 60_000);
    expect(seen.turns).toBe(0);
    loop.start();
    expect(seen.turns).toBe(1);
    await loop.stop();
  });

  it('takes turn after turn until it is stopped, and none after that', async () => {
    const { seen, loop } = counting();
    loop.start();
    await until(() => seen.turns >= 3);
    await loop.stop();
    const { turns } = seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen.turns).toBe(turns);
  });

  it('goes on after a turn that failed, and tells of it', async () => {
    const { seen, loop } = counting(async (_stopping, count) => {
      if (count === 1) throw new Error('away');
    });
    loop.start();
    await until(() => seen.turns >= 2);
    await loop.stop();
    expect(seen.errors).toEqual([new Error('away')]);
  });

  it('tells once of turns that fail in the same way, and of another failure at once', async () => {
    const { seen, loop } = counting(async (_stopping, count) => {
      throw new Error(count < 4 ? 'away' : 'full');
    });
    loop.start();
    await until(() => seen.turns >= 8);
    await loop.stop();
    expect(seen.errors).toEqual([new Error('away'), new Error('full')]);
  });

  it('takes one turn at a time, however often it is started', async () => {
    let underWay = 0;
    let most = 0;
    const { seen, loop } = counting(async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay--;
    });
    loop.start();
    loop.start();
    await until(() => seen.turns >= 3);
    await loop.stop();
    expect(most).toBe(1);
  });

  it('stops without its pause, after the turn that is under way, which hears of it', async () => {
    let end = () => undefined as void;
    const { seen, loop } = counting(async (stopping) => {
      await new Promise<void>((resolve) => (end = resolve));
      expect(stopping.aborted).toBe(true);
    }, 60_000);
    loop.start();
    let isStopped = false;
    const stopped = loop.stop().then(() => (isStopped = true));
    await new Promise(setImmediate);
    expect(isStopped).toBe(false);
    end();
    await stopped;
    expect(seen).toEqual({ turns: 1, errors: [] });
  });

  it('that was stopped first takes no turn', async () => {
    const { seen, loop } = counting();
    await loop.stop();
    loop.start();
    await loop.stop();
    expect(seen.turns).toBe(0);
  });
});

describe('a pause', () => {
  it('ends at once when there is nothing to wait for any more', async () => {
    const stopping = new AbortController();
    const paused = pause(60_000, stopping.signal);
    stopping.abort();
    await paused;
    await pause(60_000, stopping.signal);
  });
});
