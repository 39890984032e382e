import { deadOf, isSuspect, type Backend, type Silence } from './liveness.js';

const NOW = 100_000;
/** A connection of which nothing was heard for so long. */
const connection = (pid: number, isAsking: boolean, quietMs: number): Silence => ({
  pid,
  isAsking,
  quietSince: NOW - quietMs,
  heardAt: NOW - quietMs,
});
const backends = (...all: [pid: number, state: string | null, forMs: number][]) =>
  new Map<number, Backend>(all.map(([pid, state, forMs]) => [pid, { state, forMs }]));
const dead = (connections: Silence[], known: Map<number, Backend>) =>
  deadOf(connections, known, NOW).map(({ pid }) => pid);

describe('isSuspect', () => {
  it.each([
    [true, 4_999, false],
    [true, 5_000, true],
    [false, 60_000, false],
  ])('asking %s, quiet for %i ms: %s', (isAsking, quietMs, expected) => {
    expect(isSuspect(connection(1, isAsking, quietMs), NOW)).toBe(expected);
  });
});

describe('deadOf', () => {
  it('names all that the server does not know, asking or not', () => {
    const all = [connection(1, true, 6_000), connection(2, false, 30_000), connection(3, true, 10)];
    expect(dead(all, backends())).toEqual([1, 2, 3]);
  });

  it.each([
    ['idle', 2_000, [1]],
    ['idle in transaction', 2_000, [1]],
    ['idle in transaction (aborted)', 9_000, [1]],
    // Its answer is on the way.
    ['idle', 1_999, []],
    // It takes long, or waits for a lock.
    ['active', 30_000, []],
    ['fastpath function call', 30_000, []],
    // The server does not keep that, or does not tell.
    ['disabled', 30_000, []],
    [null, 30_000, []],
  ])('one that waits for an answer, its backend %s for %i ms: %j', (state, forMs, expected) => {
    expect(dead([connection(1, true, 6_000)], backends([1, state, forMs]))).toEqual(expected);
  });

  it('spares one that has just asked, and one that asks nothing', () => {
    const all = [connection(1, true, 4_000), connection(2, false, 60_000)];
    expect(dead(all, backends([1, 'idle', 4_000], [2, 'idle', 60_000]))).toEqual([]);
  });

  it('counts those as dead too that have heard nothing since a dead one asked in vain', () => {
    const all = [connection(1, true, 6_000), connection(2, false, 6_000), connection(3, false, 5_999)];
    expect(dead(all, backends([1, 'idle', 6_000], [2, 'idle', 6_000], [3, 'idle', 5_999]))).toEqual([1, 2]);
  });

  it('spares one that works, whatever else is dead', () => {
    const all = [connection(1, true, 6_000), connection(2, true, 20_000)];
    expect(dead(all, backends([1, 'idle', 6_000], [2, 'active', 20_000]))).toEqual([1]);
  });
});
