import { Part } from './part.js';

function aPart(attempt: () => Promise<void>, deadlineMs = 60_000) {
  const changes: (string | null)[] = [];
  let attempts = 0;
  const part = new Part<string>({
    attempt: () => (attempts++, attempt()),
    lackOf: (error) => (error instanceof Error ? error.message : 'unknown'),
    deadlineMs,
    rememberedMs: 1_000,
    onChange: (lack) => changes.push(lack),
  });
  return { part, changes, attempts: () => attempts };
}

describe('a part of what is needed', () => {
  it('is tried once a second, however many ask', async () => {
    const { part, attempts } = aPart(() => Promise.resolve());
    await Promise.all([part.state(0), part.state(1), part.state(2)]);
    await part.state(999);
    expect(attempts()).toBe(1);
    await part.state(1_000);
    expect(attempts()).toBe(2);
  });

  it('tells of a change only, and of another lack', async () => {
    let failing: string | undefined = 'gone';
    const { part, changes } = aPart(() => (failing ? Promise.reject(new Error(failing)) : Promise.resolve()));
    expect(await part.state(0)).toBe('gone');
    expect(await part.state(2_000)).toBe('gone');
    failing = 'full';
    expect(await part.state(4_000)).toBe('full');
    failing = undefined;
    expect(await part.state(6_000)).toBeNull();
    expect(await part.state(8_000)).toBeNull();
    expect(changes).toEqual(['gone', 'full', null]);
  });

  it('that hangs is not tried again before it is known how that ended', async () => {
    let end = () => undefined as void;
    const { part, attempts } = aPart(() => new Promise<void>((resolve) => (end = resolve)), 1);
    expect(await part.state(0)).toBe('no answer in 1 ms');
    expect(await part.state(5_000)).toBe('no answer in 1 ms');
    expect(attempts()).toBe(1);
    end();
    await new Promise(setImmediate);
    void part.state(10_000);
    expect(attempts()).toBe(2);
    end();
  });
});
