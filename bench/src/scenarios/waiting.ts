import { Deployment } from '../deployment.js';
import { atLeast, atMost, type Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const LATENCY_MS = 10;
const CONCURRENCY = 50;
const MERCHANTS = 1_000;
const FEW = 1_000;

/** Rate and memory of a worker that has so many deletions done while many more, or few, wait and may all go. */
export async function waiting(stage: Stage): Promise<Figure[]> {
  const many = stage.size(20_000, 1_000_000);
  const done = stage.size(1_000, 10_000);
  const measured: Record<'many' | 'few', Measured[]> = { many: [], few: [] };
  for (let round = 0; round < stage.size(1, 3); round++) {
    measured.few.push(await stage.part((part) => run(part, FEW, done)));
    measured.many.push(await stage.part((part) => run(part, many, done)));
  }
  const counted = `${many.toLocaleString('en-US')} waiting, against ${FEW.toLocaleString('en-US')}`;
  return [
    atLeast(0.95, {
      what: `rate with ${counted}`,
      unit: '/s',
      ours: measured.many.map(({ rate }) => rate),
      baseline: measured.few.map(({ rate }) => rate),
    }),
    atMost(1.1, {
      what: `memory with ${counted}`,
      unit: 'MB',
      ours: measured.many.map(({ rssBytes }) => rssBytes / 1e6),
      baseline: measured.few.map(({ rssBytes }) => rssBytes / 1e6),
    }),
  ];
}

interface Measured {
  rate: number;
  rssBytes: number;
}

/** @param done so many are done while at least `left` wait behind them */
async function run(stage: Stage, left: number, done: number): Promise<Measured> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream);
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  await deployment.addDeletions(merchants, (left + done) / MERCHANTS);
  await deployment.database.rows('VACUUM');
  await deployment.database.rows('CHECKPOINT');
  const worker = deployment.startWorker({ WORKER_CONCURRENCY: String(CONCURRENCY) });
  await deployment.untilFinished(done);
  const { rssBytes } = worker.usage();
  await worker.stop();
  return { rate: await deployment.rate(), rssBytes };
}
