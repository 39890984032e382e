import { Deployment } from '../deployment.js';
import { atMost, percentile, told, type Figure } from '../figures.js';
import { freePort } from '../free-port.js';
import { sendAsFastAsPossible, sendAtRate, type Request } from '../load.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const PER_SECOND = 200;
const MERCHANTS = 1_000;
/**
 * Requests that give one p99, before it is the other's turn. What slows few spells is not in the median of theirs:
 * standstills of the machine, but also pauses of a server's own; the p99 of all together has them.
 */
const SPELL = 200;
/** Sent before them, at the same rate, until connections are open and what a server was behind with is over. */
const RUN_UP = 50;

interface Server {
  url: string;
  nextRequest: () => Request;
}

/**
 * How long single requests to `POST /v1/deletions` take, against a server that inserts such a row into the same
 * table of a database of its own, and does nothing else. The two take turns, now one first and now the other.
 */
export async function post(stage: Stage): Promise<Figure[]> {
  const [ours, bare]: [number[][], number[][]] = [[], []];
  const measured = [
    { server: await ourServer(stage), spells: ours },
    { server: await bareServer(stage), spells: bare },
  ];
  for (const { server } of measured) await warmUp(stage, server);
  for (let turn = 0; turn < stage.size(2, 60); turn++) {
    for (const { server, spells } of measured) spells.push(await sendSpell(stage, server));
    measured.reverse();
  }
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
 * Until V8 has compiled what is used and the heap has found its size, its threads work on all processors for seconds
 * at a time, which would be most of what is measured: a server is measured that has been up for a while, and a spell
 * of each is left out.
 */
async function warmUp(stage: Stage, server: Server): Promise<void> {
  const requests = take(stage.size(1_000, 20_000), server);
  await sendAsFastAsPossible(stage, server.url, { senders: 16, requests });
  await sendSpell(stage, server);
}

/** @returns the latencies in ms */
async function sendSpell(stage: Stage, server: Server): Promise<number[]> {
  const requests = take(RUN_UP + SPELL, server);
  return (await sendAtRate(stage, server.url, { perSecond: PER_SECOND, requests })).slice(RUN_UP);
}

const take = (count: number, { nextRequest }: Server) => Array.from({ length: count }, nextRequest);

async function ourServer(stage: Stage): Promise<Server> {
  const { deployment, merchants } = await deploy(stage);
  const url = await deployment.startApi();
  const authorization = `Bearer ${deployment.apiKey}`;
  const appids = merchants.map(({ appid }) => appid);
  return { url, nextRequest: requestsTo('/v1/deletions', appids, { authorization }) };
}

async function bareServer(stage: Stage): Promise<Server> {
  const { deployment, merchants } = await deploy(stage);
  const port = await freePort();
  const env = { DATABASE_URL: deployment.database.url, PORT: String(port) };
  await stage.start('bench/src/baselines/bare-api.js', env).says();
  const ids = merchants.map(({ id }) => id);
  return { url: `http://127.0.0.1:${port}`, nextRequest: requestsTo('/deletions', ids) };
}

async function deploy(stage: Stage) {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  return { deployment, merchants: await deployment.addMerchants(MERCHANTS, { isWarm: true }) };
}

/** @returns what makes the next one: no two are alike */
function requestsTo(path: string, merchants: string[], headers: Record<string, string> = {}): () => Request {
  let made = 0;
  return () => {
    const target = {
      merchant: merchants[made % merchants.length],
      msg_id: String(3_147_483_661 + made),
      article_idx: 1,
    };
    made++;
    return { path, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(target) };
  };
}
