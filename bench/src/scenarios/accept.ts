import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { Deployment, type BenchMerchant } from '../deployment.js';
import { atLeast, type Figure } from '../figures.js';
import type { Database, Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const MERCHANTS = 10_000;

/**
 * Deletions a second taken in as one takedown in NDJSON, against COPY of the same rows into the same table with its
 * indexes.
 */
export async function accept(stage: Stage): Promise<Figure[]> {
  const count = stage.size(10_000, 100_000);
  const [ours, baseline]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.size(1, 3); round++) {
    await stage.part(async (part) => {
      const deployment = await Deployment.open(part, await Upstream.start(part, 0));
      const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
      ours.push(await ndjsonRate(deployment, merchants, count));
      baseline.push(await copyRate(deployment.database, count));
    });
  }
  return [atLeast(0.25, { what: `${count.toLocaleString('en-US')} deletions in NDJSON`, unit: '/s', ours, baseline })];
}

async function ndjsonRate(deployment: Deployment, merchants: BenchMerchant[], count: number): Promise<number> {
  const url = await deployment.startApi();
  const lines = Array.from({ length: count }, (_none, index) => {
    const merchant = merchants[index % merchants.length]?.appid;
    return `${JSON.stringify({ merchant, msg_id: String(3_147_483_661 + index), article_idx: 1 })}\n`;
  });
  const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${deployment.apiKey}` };
  const startedAt = performance.now();
  const answer = await request(`${url}/v1/takedowns`, {
    method: 'POST',
    headers,
    body: Readable.from(chunksOf(lines)),
    headersTimeout: 0,
  });
  const text = await answer.body.text();
  // The answer does not wait for the last of very many deletions.
  const unfinished = () =>
    deployment.database.value<number>(`SELECT count(*)::int FROM takedowns WHERE state = 'starting'`);
  while ((await unfinished()) > 0) await delay(20);
  const seconds = (performance.now() - startedAt) / 1000;
  if (answer.statusCode !== 202) throw new Error(`POST /v1/takedowns: ${answer.statusCode} ${text.slice(0, 300)}`);
  const stored = await deployment.database.value<number>(`SELECT count(*)::int FROM deletions`);
  if (stored !== count) throw new Error(`${stored} deletions of ${count} are stored`);
  return count / seconds;
}

/** Text as it comes over a network: in pieces of some tens of kilobytes. */
function* chunksOf(lines: string[]): Generator<string> {
  for (let from = 0; from < lines.length; from += 500) yield lines.slice(from, from + 500).join('');
}

/** The rows that are there, into a table like theirs. */
async function copyRate(database: Database, count: number): Promise<number> {
  await database.rows(`CREATE TABLE copied (LIKE deletions INCLUDING ALL)`);
  const seconds = await database.copy('deletions', 'copied');
  const copied = await database.value<number>(`SELECT count(*)::int FROM copied`);
  if (copied !== count) throw new Error(`${copied} rows of ${count} are copied`);
  return count / seconds;
}
