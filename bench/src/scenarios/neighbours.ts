import { Pool } from 'undici';
import { Deployment, type BenchMerchant } from '../deployment.js';
import { atMost, percentile, told, type Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const MERCHANTS = 200;
const DELETIONS_OF_EACH = 100;
const LOUD_KEYS = 4;
const SENDERS = 16;
const LINES = 500;
/** Between two of its requests. */
const EVERY_MS = 5;

/**
 * How long a key waits for the answer to `GET /v1/deletions/{id}` while the keys of a tenant ask for lists and dry
 * runs as fast as they can, against how long it waits alone; and the same without ceilings.
 */
export async function neighbours(stage: Stage): Promise<Figure[]> {
  const bounded = await waits(stage, {});
  const none = { API_DEAR_AT_ONCE_PER_KEY: '0', API_DEAR_AT_ONCE_PER_TENANT: '0' };
  const unbounded = await waits(stage, none);
  const at = (share: number, { beside, alone }: Waits) => ({
    unit: 'ms',
    ours: [percentile(beside, share)],
    baseline: [percentile(alone, share)],
  });
  const what = `a key’s request beside ${SENDERS} senders of lists and dry runs`;
  return [
    atMost(10, { what: `p50 of ${what}`, ...at(0.5, bounded) }),
    told({ what: `p99 of ${what}`, ...at(0.99, bounded) }),
    told({ what: `p50 of ${what}, without ceilings`, ...at(0.5, unbounded) }),
  ];
}

interface Waits {
  alone: number[];
  beside: number[];
}

async function waits(stage: Stage, settings: Record<string, string>): Promise<Waits> {
  return stage.part(async (part) => {
    const deployment = await Deployment.open(part, await Upstream.start(part, 0));
    const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
    await deployment.addDeletions(merchants, DELETIONS_OF_EACH);
    const url = await deployment.startApi([], settings);
    const quiet = await keyOf(url, deployment.apiKey, merchants);
    const loud: string[] = [];
    for (let i = 0; i < LOUD_KEYS; i++)
      loud.push(await keyOf(url, loud[0] ?? deployment.apiKey, merchants.slice(0, -1)));
    const id = await deployment.database.value<string>(`SELECT id FROM deletions LIMIT 1`);
    const samples = stage.size(30, 300);
    await readTimes(part, url, quiet, id, samples);
    const alone = await readTimes(part, url, quiet, id, samples);
    const stop = new AbortController();
    const noise = makeNoise(url, loud, merchants, stop.signal);
    // It is awaited below: until then its failure must not count as nobody's.
    noise.catch(() => undefined);
    await part.pause(2_000);
    const beside = await readTimes(part, url, quiet, id, samples).finally(() => stop.abort());
    await noise;
    return { alone, beside };
  });
}

/** An admin's, limited to these merchants; in the tenant of the key that issues it if that has limits. */
async function keyOf(url: string, issuer: string, merchants: BenchMerchant[]): Promise<string> {
  const answer = await fetch(`${url}/v1/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${issuer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', role: 'admin', merchants: merchants.map(({ appid }) => appid) }),
  });
  if (!answer.ok) throw new Error(`POST /v1/api-keys: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { key: string }).key;
}

/** One after the other, as a backend that waits for each answer. @returns in ms */
async function readTimes(stage: Stage, url: string, key: string, id: string, count: number): Promise<number[]> {
  const pool = new Pool(url, { connections: 1 });
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const from = performance.now();
      const answer = await pool.request({
        method: 'GET',
        path: `/v1/deletions/${id}`,
        headers: { authorization: `Bearer ${key}` },
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`GET /v1/deletions/{id}: ${answer.statusCode}`);
      times.push(performance.now() - from);
      await stage.pause(EVERY_MS);
    }
  } finally {
    await pool.close();
  }
  return times;
}

/** Each sender asks again as soon as it has its answer, whatever that is. */
async function makeNoise(url: string, keys: string[], merchants: BenchMerchant[], signal: AbortSignal): Promise<void> {
  const pool = new Pool(url, { connections: SENDERS, headersTimeout: 0 });
  const items = Array.from({ length: LINES }, (_none, i) => ({
    merchant: merchants[i % (merchants.length - 1)]?.appid,
    msg_id: String(4_000_000_000 + i),
    article_idx: 1,
  }));
  const dryRun = JSON.stringify({ items, dry_run: true });
  const send = async (n: number) => {
    const authorization = `Bearer ${keys[n % keys.length]}`;
    const isList = n % 2 === 0;
    const answer = isList
      ? await pool.request({ method: 'GET', path: '/v1/deletions?limit=200', headers: { authorization } })
      : await pool.request({
          method: 'POST',
          path: '/v1/takedowns',
          headers: { authorization, 'content-type': 'application/json' },
          body: dryRun,
        });
    await answer.body.dump();
    if (answer.statusCode !== 200 && answer.statusCode !== 429) throw new Error(`a sender got ${answer.statusCode}`);
  };
  const senders = Array.from({ length: SENDERS }, async (_none, n) => {
    while (!signal.aborted) {
      await send(n);
    }
  });
  await Promise.all(senders);
  await pool.close();
}
