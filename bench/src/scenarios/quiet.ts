import { Deployment, type BenchMerchant } from '../deployment.js';
import { atMost, percentile, short, type Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const LATENCY_MS = 20;
const EVERY_MS = 50;
const FLOOD = 100_000;
const FLOOD_RATE_PER_MINUTE = 6_000;

/**
 * How long small merchants wait, from their deletion's acceptance to its end, 20 of them a second: alone, and while
 * another merchant has 100,000 deletions waiting, of which a hundred a second may go.
 */
export async function quiet(stage: Stage): Promise<Figure[]> {
  const samples = stage.size(60, 500);
  const alone: number[][] = [];
  const flooded: number[][] = [];
  for (let round = 0; round < stage.size(1, 2); round++) {
    alone.push(await stage.part((part) => latencies(part, samples, false)));
    flooded.push(await stage.part((part) => latencies(part, samples, true)));
  }
  const at = (share: number, rounds: number[][]) => rounds.map((ms) => percentile(ms, share));
  return [
    atMost(1.5, {
      what: `p99 of quiet merchants while one floods ${FLOOD.toLocaleString('en-US')}`,
      unit: 'ms',
      ours: at(0.99, flooded),
      baseline: at(0.99, alone),
      note: `p50 ${short(percentile(flooded.flat(), 0.5))} against ${short(percentile(alone.flat(), 0.5))} ms`,
    }),
  ];
}

async function latencies(stage: Stage, samples: number, isFlooded: boolean): Promise<number[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream);
  const [noisy, first, ...quietOnes] = await deployment.addMerchants(samples + 2, { isWarm: true });
  if (!noisy || !first) throw new Error('There are merchants.');
  if (isFlooded) {
    await deployment.addDeletions([noisy], FLOOD);
    await deployment.limit(noisy, FLOOD_RATE_PER_MINUTE);
  }
  deployment.startWorker();
  await accept(deployment, first);
  await stage.until(async () => (await deployment.finished()) > 0);
  // The flood is under way, and the process warm.
  await stage.pause(2_000);
  const startedAt = performance.now();
  for (const [index, merchant] of quietOnes.entries()) {
    await stage.pause(Math.max(0, startedAt + index * EVERY_MS - performance.now()));
    await accept(deployment, merchant);
  }
  const ids = quietOnes.map(({ id }) => id);
  const ended = `FROM deletions WHERE merchant_id = ANY($1) AND finished_at IS NOT NULL`;
  await stage.until(
    async () => (await deployment.database.value<number>(`SELECT count(*)::int ${ended}`, [ids])) === samples,
  );
  const rows = await deployment.database.rows<{ ms: number }>(
    `SELECT (extract(epoch FROM finished_at - created_at) * 1000)::float8 AS ms ${ended}`,
    [ids],
  );
  return rows.map(({ ms }) => ms);
}

/** What POST /v1/deletions writes. */
async function accept({ database }: Deployment, { id }: BenchMerchant): Promise<void> {
  await database.rows(
    `WITH accepted AS (
       INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id)
       VALUES (uuidv7(), $1, 3147483661, 1, 'bench:1', 'queued', now(), 'bench') RETURNING merchant_id
     )
     INSERT INTO lane_wakes (merchant_id, ready_at) SELECT merchant_id, now() FROM accepted`,
    [id],
  );
}
