import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { familyOf, usageOf, watchShare } from './usage.js';

it('tells what this process uses', () => {
  const { rssBytes, cpuMs } = usageOf(process.pid);
  expect(rssBytes).toBeGreaterThan(10e6);
  expect(cpuMs).toBeGreaterThan(0);
  expect(cpuMs).toBeLessThan(performance.now() * 100);
});

it('tells what share of the processors this process keeps busy', () => {
  const shareNow = watchShare(process.pid);
  for (const until = performance.now() + 200; performance.now() < until;);
  if (process.platform === 'linux') expect(shareNow()).toBeGreaterThan(0);
});

it('counts as family whoever stems from a process, whatever their numbers', () => {
  const parents = new Map([
    [1, 0],
    [2, 30],
    [5, 1],
    [20, 1],
    [21, 5],
    [30, 20],
    [40, undefined],
  ]);
  expect(familyOf(20, parents)).toEqual(new Set([20, 30, 2]));
});

it('counts what this process has started, too', async () => {
  if (process.platform !== 'linux') return;
  const child = spawn(process.execPath, ['-e', 'for (;;);']);
  try {
    const shareNow = watchShare(child.pid ?? 0);
    const shareOfBoth = watchShare(process.pid);
    await delay(500);
    expect(shareNow()).toBeGreaterThan(0);
    expect(shareOfBoth()).toBeGreaterThan(0.5 * shareNow());
  } finally {
    child.kill('SIGKILL');
  }
});
