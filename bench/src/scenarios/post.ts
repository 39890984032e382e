import { v7 as uuidv7 } from 'uuid';
import { Deployment } from '../deployment.js';
import { atMost, percentile, told, type Figure } from '../figures.js';
import { freePort } from '../free-port.js';
import { sendAsFastAsPossible, sendAtRate, type Request } from '../load.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const PER_SECOND = 200;
const MERCHANTS = 1_000;
/** Requests that give one p99: a standstill of the machine spoils a few of these, and not their median. */
const SPELL = 500;

interface Server {
  url: string;
  /** @param index no two requests have the same */
  request: (index: number) => Request;
}

/**
 * How long single requests to `POST /v1/deletions` take, against a server that inserts such a row, into a table with the same
 * columns and indexes, and does nothing else.
 */
export async function post(stage: Stage): Promise<Figure[]> {
  const [ours, bare]: [number[][], number[][]] = [[], []];
  for (let round = 0; round < stage.size(1, 3); round++) {
    bare.push(...(await stage.part(async (part) => latencies(part, await bareServer(part)))));
    ours.push(...(await stage.part(async (part) => latencies(part, await ourServer(part)))));
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
 * Of a server that has been up for a while: until V8 has compiled what is used and the heap has found its size, its threads
 * work on all processors for seconds at a time, which would be most of what is measured.
 * @returns the latencies in ms, spell by spell
 */
async function latencies(stage: Stage, { url, request }: Server): Promise<number[][]> {
  let sent = 0;
  const requests = (count: number) => Array.from({ length: count }, () => request(sent++));
  await sendAsFastAsPossible(stage, url, { senders: 16, requests: requests(stage.size(1_000, 20_000)) });
  // What it is behind with by then must be over before the first that counts.
  await sendAtRate(stage, url, { perSecond: PER_SECOND, requests: requests(2 * PER_SECOND) });
  const spells = stage.size(1, 8);
  const ms = await sendAtRate(stage, url, { perSecond: PER_SECOND, requests: requests(spells * SPELL) });
  return Array.from({ length: spells }, (_none, at) => ms.slice(at * SPELL, (at + 1) * SPELL));
}

async function ourServer(stage: Stage): Promise<Server> {
  const deployment = await Deployment.open(stage, await Upstream.start(stage, 0));
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  const url = await deployment.startApi();
  const authorization = `Bearer ${deployment.apiKey}`;
  const appid = (index: number) => merchants[index % MERCHANTS]?.appid ?? '';
  return { url, request: (index) => request('/v1/deletions', index, appid(index), { authorization }) };
}

async function bareServer(stage: Stage): Promise<Server> {
  const database = await stage.database();
  await database.rows('CREATE TABLE bare_deletions (LIKE deletions INCLUDING ALL)');
  const port = await freePort();
  const server = stage.start('bench/src/baselines/bare-api.js', { DATABASE_URL: database.url, PORT: String(port) });
  await server.says();
  const ids = Array.from({ length: MERCHANTS }, () => uuidv7());
  const id = (index: number) => ids[index % MERCHANTS] ?? '';
  return { url: `http://127.0.0.1:${port}`, request: (index) => request('/deletions', index, id(index), {}) };
}

function request(path: string, index: number, merchant: string, headers: Record<string, string>): Request {
  const body = JSON.stringify({ merchant, msg_id: String(3_147_483_661 + index), article_idx: 1 });
  return { path, headers: { 'content-type': 'application/json', ...headers }, body };
}
