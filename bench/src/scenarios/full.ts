import { Deployment, PLATFORM, type BenchMerchant } from '../deployment.js';
import { atLeast, short, told, type Figure } from '../figures.js';
import { ratesWhileBoth } from '../rates-while-both.js';
import type { Backend, Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const LATENCY_MS = 10;
const CONCURRENCY = 50;
const MERCHANTS = 500;

/** Without retention: of two that are full alike, one would forget its old rows while it is measured. */
const KEPT = {
  EVENTS_RETENTION_DAYS: '3650',
  WEBHOOK_DELIVERIES_RETENTION_DAYS: '3650',
  CALLBACKS_RETENTION_DAYS: '3650',
};

interface Side {
  deployment: Deployment;
  merchants: BenchMerchant[];
}

/**
 * Deletions a second of one worker, for merchants who are anywhere among many others and have a past, against those of
 * another worker, for merchants of an empty database on the same server. Both run at once, so that what the machine does
 * meanwhile befalls both alike; two empty databases tell how much of a ratio is chance.
 */
export async function full(stage: Stage): Promise<Figure[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const database = await stage.filledDatabase(
    stage.size(
      { deletions: 20_000, merchants: 5_000, open: 500 },
      { deletions: 300_000, merchants: 20_000, open: 2_000 },
    ),
  );
  const deployment = await Deployment.open(stage, upstream, 'PostgreSQL', database);
  // Where nobody has made up for the tallies that the filling did not write, that is not what is measured.
  await database.rows(
    `UPDATE deletion_tally_marks SET tallied_until = GREATEST(tallied_until, date_trunc('hour', now() - interval '1 h'))`,
  );
  const [{ count }] = (await database.rows<{ count: number }>(
    `SELECT reltuples::float8 AS count FROM pg_class WHERE oid = 'deletions'::regclass`,
  )) as [{ count: number }];
  // WeChat cannot be asked about merchants of platforms without secrets.
  await database.rows(
    `UPDATE merchants SET facts_asked_at = now(), facts_failing_since = now() - interval '1 day',
       facts_read_at = CASE WHEN facts_read_at IS NOT NULL THEN now() END
     WHERE facts_read_at IS NULL OR facts_read_at < now() - interval '20 hours'`,
  );
  // Nor can their open deletions be called: each would be tried in vain, which an empty database has none of.
  await database.rows(
    `INSERT INTO platform_holds (platform_id, reason, probe_at, mended_at)
     SELECT id, 'platform_broken', 'infinity', 'infinity' FROM platforms WHERE component_appid <> $1
     ON CONFLICT (platform_id) DO UPDATE SET reason = 'platform_broken', is_of_mint = false, probe_at = 'infinity',
       mended_at = 'infinity', probe_merchant_id = NULL, probe_deletion_id = NULL`,
    [PLATFORM.componentAppid],
  );
  // Others each time, for an account with hundreds of calls in a day is none: their past is what the filling gave them.
  const filled = async (): Promise<Side> => ({ deployment, merchants: await deployment.adoptMerchants(MERCHANTS) });
  // It stays until the end: to drop it would be a checkpoint, after which each page that is touched goes whole into the WAL.
  const empty = async (): Promise<Side> => {
    const another = await Deployment.open(stage, upstream);
    return { deployment: another, merchants: await another.addMerchants(MERCHANTS, { isWarm: true }) };
  };
  const figures: Figure[] = [];
  for (const backend of stage.backends) {
    // A server that is up for long has in memory what all have in common.
    await sideBySide(stage, backend, await filled(), await empty());
    const rows = Math.round(count).toLocaleString('en-US');
    const what = `beside ${rows} deletions, queue on ${backend}`;
    figures.push(atLeast(0.95, { what, unit: '/s', ...(await inRounds(8, stage, backend, filled, empty)) }));
    const chance = `two empty ones, queue on ${backend}`;
    figures.push(told({ what: chance, unit: '/s', ...(await inRounds(4, stage, backend, empty, empty)) }));
  }
  await database.rows('DELETE FROM platform_holds');
  await deployment.clearUp();
  return figures;
}

/** Deletions a second of each, while both are at work. */
async function sideBySide(stage: Stage, backend: Backend, ...sides: [Side, Side]): Promise<[number, number]> {
  const count = stage.size(2_000, 15_000);
  for (const { deployment, merchants } of sides) {
    deployment.beginRound();
    await deployment.addDeletions(merchants, count / merchants.length);
    await deployment.database.rows('VACUUM deletions, deletion_attempts, merchant_pacing, account_ledgers');
  }
  const queueUrls: string[] = [];
  for (const { deployment } of sides) queueUrls.push(await stage.queueUrl(backend, deployment.database));
  // In Redis, each has a database of its own.
  if (backend === 'Redis') queueUrls[1] += '/1';
  const workers = sides.map(({ deployment }, side) => {
    const QUEUE_URL = queueUrls[side] ?? '';
    return deployment.startWorker({ ...KEPT, QUEUE_URL, WORKER_CONCURRENCY: String(CONCURRENCY) });
  });
  await Promise.all(sides.map(({ deployment }) => deployment.untilFinished(count)));
  for (const worker of workers) await worker.stop();
  return ratesWhileBoth(await sides[0].deployment.endedAt(), await sides[1].deployment.endedAt());
}

/** In every other round the baseline is the one that is prepared and started first, in case that is of use. */
async function inRounds(
  count: number,
  stage: Stage,
  backend: Backend,
  one: () => Promise<Side>,
  other: () => Promise<Side>,
) {
  const [ours, baseline]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.size(1, count); round++) {
    const isTurned = round % 2 === 1;
    const sides: [Side, Side] = isTurned ? [await other(), await one()] : [await one(), await other()];
    const rates = await sideBySide(stage, backend, ...sides);
    ours.push(rates[isTurned ? 1 : 0]);
    baseline.push(rates[isTurned ? 0 : 1]);
  }
  const rounds = ours.map((rate, i) => `${short(rate)} to ${short(baseline[i] ?? NaN)}`).join(', ');
  return { ours, baseline, areAtOnce: true, note: `the median of the rounds' ratios; rounds: ${rounds}` };
}
