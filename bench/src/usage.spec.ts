import { usageOf } from './usage.js';

it('tells what this process uses', () => {
  const { rssBytes, cpuMs } = usageOf(process.pid);
  expect(rssBytes).toBeGreaterThan(10e6);
  expect(cpuMs).toBeGreaterThan(0);
  expect(cpuMs).toBeLessThan(performance.now() * 100);
});
