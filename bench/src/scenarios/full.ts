import { Deployment, PLATFORM, type BenchMerchant } from '../deployment.js';
import { atLeast, short, type Figure } from '../figures.js';
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
 * Deletions a second of one worker, for merchants who are anywhere among many others and have a past, against merchants
 * of an empty database on the same server.
 */
export async function full(stage: Stage): Promise<Figure[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const database = await stage.filledDatabase(
    stage.size({ deletions: 20_000, merchants: 5_000 }, { deletions: 300_000, merchants: 20_000 }),
  );
  const deployment = await Deployment.open(stage, upstream, 'PostgreSQL', database);
  const filled = { deployment, merchants: await deployment.adoptMerchants(MERCHANTS) };
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
  const figures: Figure[] = [];
  for (const backend of stage.backends) {
    const [ours, baseline]: [number[], number[]] = [[], []];
    const one = () => rateOf(stage, backend, filled);
    const other = () => rateInEmpty(stage, backend, upstream);
    // What lies about these merchants is read from the disk once, and not for each deletion.
    await one();
    for (let round = 0; round < stage.size(1, 10); round++) {
      // Each is the first as often as the other.
      if (round % 2 === 0) ours.push(await one());
      baseline.push(await other());
      if (round % 2 === 1) ours.push(await one());
    }
    const rows = Math.round(count).toLocaleString('en-US');
    const what = `beside ${rows} deletions, queue on ${backend}`;
    const note = `rounds: ${ours.map((rate, i) => `${short(rate)} to ${short(baseline[i] ?? NaN)}`).join(', ')}`;
    figures.push(atLeast(0.95, { what, unit: '/s', ours, baseline, note }));
  }
  await database.rows('DELETE FROM platform_holds');
  await deployment.clearUp();
  return figures;
}

/** The database stays until the end: dropping it would be a checkpoint, after which each page that is touched goes whole into the WAL. */
async function rateInEmpty(stage: Stage, backend: Backend, upstream: Upstream): Promise<number> {
  const deployment = await Deployment.open(stage, upstream);
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  return rateOf(stage, backend, { deployment, merchants });
}

async function rateOf(stage: Stage, backend: Backend, { deployment, merchants }: Side): Promise<number> {
  const count = stage.size(2_000, 15_000);
  const { database } = deployment;
  deployment.beginRound();
  await deployment.addDeletions(merchants, count / merchants.length);
  await database.rows('VACUUM deletions, deletion_attempts, merchant_pacing, account_ledgers');
  const QUEUE_URL = await stage.queueUrl(backend, database);
  const worker = deployment.startWorker({ ...KEPT, QUEUE_URL, WORKER_CONCURRENCY: String(CONCURRENCY) });
  await deployment.untilFinished(count);
  await worker.stop();
  return deployment.rate();
}
