import { Deployment } from '../deployment.js';
import { atMost, percentile, told, type Figure } from '../figures.js';
import { freePort } from '../free-port.js';
import { sendAsFastAsPossible, sendAtRate, type Request } from '../load.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const PER_SECOND = 200;
const MERCHANTS = 1_000;
/** At the start of each round, unmeasured: the processes are cold. */
const WARM_UP = 1_000;

/** How long single requests to `POST /v1/deletions` take, against a server that inserts one row and does nothing else. */
export async function post(stage: Stage): Promise<Figure[]> {
  const count = stage.size(600, 2_000);
  const [ours, bare]: [number[][], number[][]] = [[], []];
  for (let round = 0; round < stage.size(1, 5); round++) {
    bare.push(await stage.part((part) => bareLatencies(part, count)));
    ours.push(await stage.part((part) => ourLatencies(part, count)));
  }
  const at = (share: number) => ({
    unit: 'ms',
    ours: ours.map((ms) => percentile(ms, share)),
    baseline: bare.map((ms) => percentile(ms, share)),
  });
  return [
    told({ what: `p50 of POST /v1/deletions at ${PER_SECOND}/s`, ...at(0.5) }),
    atMost(1.5, { what: `p99 of POST /v1/deletions at ${PER_SECOND}/s`, ...at(0.99) }),
  ];
}

async function ourLatencies(stage: Stage, count: number): Promise<number[]> {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  const url = await deployment.startApi();
  const requests = Array.from({ length: WARM_UP + count }, (_none, index) =>
    request('/v1/deletions', index, merchants[index % MERCHANTS]?.appid ?? '', {
      authorization: `Bearer ${deployment.apiKey}`,
    }),
  );
  return warmed(stage, url, requests);
}

async function bareLatencies(stage: Stage, count: number): Promise<number[]> {
  const database = await stage.database();
  await database.rows(
    'CREATE TABLE bare_deletions (id uuid PRIMARY KEY, body jsonb NOT NULL, created_at timestamptz DEFAULT now())',
  );
  const port = await freePort();
  const server = stage.start('bench/src/baselines/bare-api.js', { DATABASE_URL: database.url, PORT: String(port) });
  await server.says();
  const requests = Array.from({ length: WARM_UP + count }, (_none, index) =>
    request('/deletions', index, `wx${(index % MERCHANTS).toString(16).padStart(16, '0')}`, {}),
  );
  return warmed(stage, `http://127.0.0.1:${port}`, requests);
}

/** What the cold process is behind with must be over before the first that counts. */
async function warmed(stage: Stage, url: string, requests: Request[]): Promise<number[]> {
  await sendAsFastAsPossible(stage, url, { senders: 16, requests: requests.slice(0, WARM_UP) });
  return sendAtRate(stage, url, { perSecond: PER_SECOND, requests: requests.slice(WARM_UP) });
}

function request(path: string, index: number, merchant: string, headers: Record<string, string>): Request {
  const body = JSON.stringify({ merchant, msg_id: String(3_147_483_661 + index), article_idx: 1 });
  return { path, headers: { 'content-type': 'application/json', ...headers }, body };
}
