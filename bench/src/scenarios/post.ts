import { Deployment, type BenchMerchant } from '../deployment.js';
import { atMost, percentile, told, type Figure } from '../figures.js';
import { freePort } from '../free-port.js';
import { sendAsFastAsPossible, sendAtRate, type Request } from '../load.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const PER_SECOND = 200;
const MERCHANTS = 1_000;
/**
 * Requests that give one p99, before it is the other's turn. What slows few spells is not in the median of theirs: standstills of
 * the machine, but also pauses of a server's own; the p99 of all together has them.
 */
const SPELL = 200;

interface Server {
  url: string;
  /** So many more, no two alike. */
  requests: (count: number) => Request[];
}

/**
 * How long single requests to `POST /v1/deletions` take, against a server that inserts such a row into the same table of a
 * database of its own, and does nothing else. The two take turns.
 */
export async function post(stage: Stage): Promise<Figure[]> {
  const [ours, bare]: [number[][], number[][]] = [[], []];
  await stage.part(async (part) => {
    const measured = [
      { server: await bareServer(part), spells: bare },
      { server: await ourServer(part), spells: ours },
    ];
    for (const { server } of measured) await warmUp(part, server);
    for (let spell = 0; spell < stage.size(2, 60); spell++) {
      for (const { server, spells } of measured) spells.push(await sendSpell(part, server));
    }
  });
  const at = (share: number) => ({
    unit: 'ms',
    ours: ours.map((ms) => percentile(ms, share)),
    baseline: bare.map((ms) => percentile(ms, share)),
  });
  return [
    told({ what: `p50 of POST /v1/deletions at ${PER_SECOND}/s`, ...at(0.5) }),
    atMost(1.5, { what: `p99 of POST /v1/deletions at ${PER_SECOND}/s, of ${SPELL} at a time`, ...at(0.99) }),
    told({
      what: `p99 of POST /v1/deletions at ${PER_SECOND}/s, of all together`,
      unit: 'ms',
      ours: [percentile(ours.flat(), 0.99)],
      baseline: [percentile(bare.flat(), 0.99)],
    }),
  ];
}

/**
 * Until V8 has compiled what is used and the heap has found its size, its threads work on all processors for seconds at a time,
 * which would be most of what is measured: a server is measured that has been up for a while.
 */
async function warmUp(stage: Stage, server: Server): Promise<void> {
  const requests = server.requests(stage.size(1_000, 20_000));
  await sendAsFastAsPossible(stage, server.url, { senders: 16, requests });
}

/** @returns the latencies in ms */
async function sendSpell(stage: Stage, server: Server): Promise<number[]> {
  // What it is behind with must be over, and its connections to Postgres at work again, before the first that counts.
  await sendAtRate(stage, server.url, { perSecond: PER_SECOND, requests: server.requests(PER_SECOND / 4) });
  return sendAtRate(stage, server.url, { perSecond: PER_SECOND, requests: server.requests(SPELL) });
}

async function ourServer(stage: Stage): Promise<Server> {
  const { deployment, merchantOf } = await deploy(stage);
  const url = await deployment.startApi();
  const authorization = `Bearer ${deployment.apiKey}`;
  return {
    url,
    requests: more((index) => request('/v1/deletions', index, merchantOf(index).appid, { authorization })),
  };
}

async function bareServer(stage: Stage): Promise<Server> {
  const { deployment, merchantOf } = await deploy(stage);
  const port = await freePort();
  const env = { DATABASE_URL: deployment.database.url, PORT: String(port) };
  await stage.start('bench/src/baselines/bare-api.js', env).says();
  const url = `http://127.0.0.1:${port}`;
  return { url, requests: more((index) => request('/deletions', index, merchantOf(index).id, {})) };
}

async function deploy(stage: Stage) {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  const merchantOf = (index: number): BenchMerchant => {
    const merchant = merchants[index % MERCHANTS];
    if (!merchant) throw new Error(`There is no merchant ${index}.`);
    return merchant;
  };
  return { deployment, merchantOf };
}

function more(request: (index: number) => Request): Server['requests'] {
  let made = 0;
  return (count) => Array.from({ length: count }, () => request(made++));
}

function request(path: string, index: number, merchant: string, headers: Record<string, string>): Request {
  const body = JSON.stringify({ merchant, msg_id: String(3_147_483_661 + index), article_idx: 1 });
  return { path, headers: { 'content-type': 'application/json', ...headers }, body };
}
