import { shanghaiDay, shanghaiMonth, Timeline } from './timeline.js';

describe('the timeline', () => {
  const timelines: Timeline[] = [];
  const started = (): { timeline: Timeline; base: { now: number } } => {
    const base = { now: 1_000_000 };
    const timeline = new Timeline({ now: () => base.now });
    timelines.push(timeline);
    return { timeline, base };
  };
  afterEach(() => timelines.splice(0).forEach((timeline) => timeline.close()));

  it('is its base clock plus an offset', () => {
    const { timeline, base } = started();
    timeline.offsetMs = 500;
    base.now = 2_000_000;
    expect(timeline.now()).toBe(2_000_500);
  });

  it('runs what is due in the order of its time, when the clock jumps', async () => {
    const { timeline } = started();
    const ran: string[] = [];
    const last = new Promise<void>((resolve) => {
      timeline.after(3000, () => {
        ran.push('third');
        resolve();
      });
    });
    timeline.after(1000, () => ran.push('first'));
    timeline.after(1000, () => ran.push('second'));
    timeline.after(9000, () => ran.push('not yet'));
    const cancel = timeline.after(2000, () => ran.push('cancelled'));
    cancel();
    timeline.offsetMs = 3000;
    await last;
    expect(ran).toEqual(['first', 'second', 'third']);
  });

  it('notices a base clock that jumps by itself', async () => {
    const { timeline, base } = started();
    const done = new Promise<void>((resolve) => void timeline.after(60_000, resolve));
    base.now += 60_000;
    await expect(done).resolves.toBeUndefined();
  });
});

it.each([
  [Date.UTC(2026, 10, 22, 15, 59, 59, 999), '2026-11-22'],
  [Date.UTC(2026, 10, 22, 16), '2026-11-23'],
])('days change at midnight in Shanghai: %i', (now, day) => {
  expect(shanghaiDay(now)).toBe(Date.parse(`${day}T00:00:00Z`) / 86_400_000);
});

it('months change at midnight in Shanghai', () => {
  expect(shanghaiMonth(Date.UTC(2026, 10, 30, 15, 59))).toBe('2026-11');
  expect(shanghaiMonth(Date.UTC(2026, 10, 30, 16))).toBe('2026-12');
});
