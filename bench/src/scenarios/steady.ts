import { cpus } from 'node:os';
import { minimalRate } from '../baselines/minimal-deletions.js';
import { Deployment } from '../deployment.js';
import { atLeast, told, type Figure } from '../figures.js';
import type { Backend, Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const LATENCY_MS = 10;
const CONCURRENCY = 50;
const MERCHANTS = 500;

/** Deletions a second of one worker that always has something to do, on both backends. */
export async function steady(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  const count = stage.size(1_000, 10_000);
  for (const backend of stage.backends) {
    const [ours, baseline]: [number[], number[]] = [[], []];
    for (let round = 0; round < stage.size(1, 5); round++) {
      baseline.push(await stage.part((part) => minimal(part, backend, count)));
      ours.push(await stage.part((part) => rateOf(part, { backend, count, workers: 1 })));
    }
    figures.push(atLeast(0.8, { what: `1 worker, queue on ${backend}`, unit: '/s', ours, baseline }));
  }
  return figures;
}

/** The same by two workers, against one. */
export async function twoWorkers(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  const count = stage.size(1_000, 10_000);
  for (const backend of stage.size<Backend[]>(['PostgreSQL'], stage.backends)) {
    const [two, one]: [number[], number[]] = [[], []];
    for (let round = 0; round < stage.size(1, 2); round++) {
      one.push(await stage.part((part) => rateOf(part, { backend, count, workers: 1 })));
      two.push(await stage.part((part) => rateOf(part, { backend, count, workers: 2 })));
    }
    const compared = { what: `2 workers, queue on ${backend}`, unit: '/s', ours: two, baseline: one };
    const cores = cpus().length;
    if (cores >= 4) figures.push(atLeast(1.6, { ...compared, note: `${cores} cores` }));
    else figures.push({ ...told({ ...compared, note: `${cores} cores` }), target: '≥ 1.6× on ≥ 4 cores' });
  }
  return figures;
}

async function minimal(stage: Stage, backend: Backend, count: number): Promise<number> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  return minimalRate(stage, upstream, { backend, count, concurrency: CONCURRENCY });
}

async function rateOf(
  stage: Stage,
  { backend, count, workers }: { backend: Backend; count: number; workers: number },
): Promise<number> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream, backend);
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  await deployment.addDeletions(merchants, count / MERCHANTS);
  for (let i = 0; i < workers; i++) deployment.startWorker({ WORKER_CONCURRENCY: String(CONCURRENCY) });
  await deployment.untilFinished(count);
  return deployment.rate();
}
