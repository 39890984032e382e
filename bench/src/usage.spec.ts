import { usageOf, watchShare } from './usage.js';

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
