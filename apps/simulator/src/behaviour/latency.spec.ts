import { drawMs, Latencies } from './latency.js';
import { SeededRandom } from './random.js';

const draws = (draw: () => number) => Array.from({ length: 4001 }, draw).sort((a, b) => a - b);

it('draws a fixed latency', () => {
  expect(drawMs({ distribution: 'fixed', ms: 12 }, new SeededRandom(1))).toBe(12);
});

it('draws uniformly between the bounds', () => {
  const random = new SeededRandom(1);
  const sorted = draws(() => drawMs({ distribution: 'uniform', min_ms: 10, max_ms: 30 }, random));
  expect(sorted[0]).toBeGreaterThanOrEqual(10);
  expect(sorted.at(-1)).toBeLessThan(30);
  expect(sorted[2000]).toBeCloseTo(20, 0);
});

it('draws from a lognormal around its median', () => {
  const random = new SeededRandom(1);
  const sorted = draws(() => drawMs({ distribution: 'lognormal', median_ms: 100, sigma: 0.5 }, random));
  expect(sorted[2000]).toBeGreaterThan(93);
  expect(sorted[2000]).toBeLessThan(107);
  expect(sorted[3960]).toBeGreaterThan(250);
});

it('prefers the latency of the operation to that of all', () => {
  const latencies = new Latencies(new SeededRandom(1));
  expect(latencies.nextMs('mass/get')).toBe(0);
  latencies.set('*', { distribution: 'fixed', ms: 5 });
  latencies.set('mass/get', { distribution: 'fixed', ms: 9 });
  expect([latencies.nextMs('mass/get'), latencies.nextMs('mass/delete')]).toEqual([9, 5]);
  latencies.set('mass/get', null);
  expect(latencies.nextMs('mass/get')).toBe(5);
});
