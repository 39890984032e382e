import { Deployment } from '../deployment.js';
import type { Figure } from '../figures.js';
import { short } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';
import { watchShare } from '../usage.js';

const LATENCY_MS = 50;
const TARGET = 1.5;
/** Deletions of other merchants before, unmeasured: a worker is up for days when a takedown comes. */
const WARM_UP = 1_000;

/** From this on, what runs is said to be bound by the processors. What others on the machine use does not count. */
const BUSY = 0.9;

/**
 * One deletion of each of many merchants, from the first that is handed out to the last that is done, against what the
 * calls alone take: tokens first, or with tokens at hand.
 */
export async function takedown(stage: Stage): Promise<Figure[]> {
  const merchants = stage.size(200, 10_000);
  const figures: Figure[] = [];
  for (const concurrency of stage.size([20], [20, 100])) {
    for (const isWarm of [false, true]) {
      const rounds: Figure[] = [];
      // A run of a minute is measured once; a run of seconds may have met a standstill of the machine.
      for (let round = 0; round < (concurrency < 100 ? 1 : 3); round++) {
        rounds.push(await stage.part((part) => run(part, { merchants, concurrency, isWarm })));
      }
      figures.push(middleOf(rounds));
    }
  }
  return figures;
}

async function run(
  stage: Stage,
  { merchants, concurrency, isWarm }: { merchants: number; concurrency: number; isWarm: boolean },
): Promise<Figure> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream);
  const { database } = deployment;
  const all = await deployment.addMerchants(WARM_UP + merchants, { isWarm });
  await deployment.addDeletions(all.slice(0, WARM_UP), 1);
  const worker = deployment.startWorker({ WORKER_CONCURRENCY: String(concurrency) });
  await deployment.untilFinished(WARM_UP);
  const ofTakedown = `created_at > '${await database.value<string>('SELECT now()::text')}'`;
  // Until then they are all there.
  await deployment.addDeletions(all.slice(WARM_UP), 1, 3);
  const dispatched = () =>
    database.value<boolean>(`SELECT max(dispatched_at) IS NOT NULL FROM deletions WHERE ${ofTakedown}`);
  await stage.until(dispatched, 20);
  const [shareNow, workedBefore] = [watchShare(process.pid), worker.usage().cpuMs];
  await deployment.untilFinished(WARM_UP + merchants);
  const share = shareNow();
  const seconds = await database.value<number>(
    `SELECT extract(epoch FROM max(finished_at) - min(dispatched_at))::float8 FROM deletions WHERE ${ofTakedown}`,
  );
  const ideal = ((isWarm ? 1 : 2) * (LATENCY_MS / 1000) * merchants) / concurrency;
  const worked = (worker.usage().cpuMs - workedBefore) / 1000 / seconds;
  const isBound = share >= BUSY;
  const isShort = seconds / ideal > TARGET;
  return {
    what: `${merchants.toLocaleString('en-US')} merchants, ${isWarm ? 'warm' : 'cold'} tokens, ${concurrency} at a time`,
    ours: `${short(seconds)} s`,
    baseline: `${short(ideal)} s`,
    ratio: seconds / ideal,
    target: `≤ ${TARGET}× or CPU-bound`,
    verdict: !isShort ? 'pass' : isBound ? 'CPU-bound' : 'short',
    note: `all processes of the run: ${percent(share)} of the processors; worker: ${percent(worked)} of one`,
  };
}

/** Sorts by ratio. */
function middleOf(rounds: Figure[]): Figure {
  const sorted = rounds.toSorted((one, other) => (one.ratio ?? NaN) - (other.ratio ?? NaN));
  const middle = sorted[sorted.length >> 1];
  if (!middle) throw new Error('There is no round.');
  return middle;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
