// How much longer every list and page of the api takes, with each of its filters, in a database that `npm run fill-database` has filled
// than in one that has hardly more than a page of each, and in an empty one. These two are made beside the full one and dropped again.
// The three are asked in turn, so that a busy machine is as unkind to each of them. Ratios are those of the medians and, in brackets, of
// the quickest answers, which a busy machine spoils less; `!` marks a list that is beyond three times by both.
//
//   npm run build && DATABASE_URL=postgres://… npm run measure-lists [-- --times 15] [--only /v1/takedowns] [--pairs]
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '../dist/libs/database/src/index.js';
import { ineligibleReasonCodes } from '../dist/libs/merchants/src/index.js';
import { everyList, namesIn } from './every-list.mjs';
import { fillDatabase } from './fill-database.mjs';
import { root } from './lib.mjs';

const AT_MOST = 3;
const SMALL = { deletions: 200, merchants: 200, open: 200 };
/** Of the feed: a page that has a filter reads so many events at most. */
const FEED = ['/v1/events', '/v1/events?cursor=latest', '/v1/events?type=deletion.*', '/v1/events?type=platform.held'];

const { values: options } = parseArgs({
  options: {
    times: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    pairs: { type: 'boolean' },
  },
});
const { DATABASE_URL: url } = process.env;
if (!url) {
  console.error('DATABASE_URL is missing: a database that `npm run fill-database` has filled.');
  process.exit(1);
}

const key = `rk_${randomBytes(32).toString('base64url')}`;
const env = {
  PATH: process.env.PATH,
  BOOTSTRAP_API_KEY: key,
  // An id of its own: the full database remembers those of the runs before.
  MASTER_KEYS: `run-${randomBytes(8).toString('hex')}:${randomBytes(32).toString('base64')}`,
  LOG_LEVEL: 'error',
  API_RATE_PER_MINUTE: '0',
};
const closers = [];
try {
  const full = await databaseAt(url);
  const small = await databaseAt(await anotherDatabase('small'), SMALL);
  const empty = { ...(await databaseAt(await anotherDatabase('empty'))), names: full.names };
  await measure([full, small, empty]);
} finally {
  for (const close of closers.reverse()) await close();
}

/** With an api that listens, and what is asked of it. */
async function databaseAt(databaseUrl, sizes) {
  await migrate(databaseUrl);
  if (sizes) await fillDatabase(databaseUrl, sizes);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const names = await namesIn(client).finally(() => client.end());
  return { origin: await startApi(databaseUrl), names };
}

async function anotherDatabase(name) {
  const beside = new URL(url);
  const database = `${beside.pathname.slice(1)}_${name}`;
  beside.pathname = `/${database}`;
  const admin = async (text) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  const drop = () => admin(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
  await drop();
  await admin(`CREATE DATABASE "${database}"`);
  closers.push(drop);
  return beside.href;
}

async function startApi(databaseUrl) {
  const port = await freePort();
  const api = fork(`${root}/dist/apps/api/src/main.js`, {
    env: { ...env, DATABASE_URL: databaseUrl, PORT: port },
    // Without it, an api would outlive a script that was killed.
    execArgv: ['--import', `${root}/dist/bench/src/processes/end-with-parent.js`],
  });
  const gone = once(api, 'exit');
  closers.push(async () => {
    api.kill();
    await gone;
  });
  const origin = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${origin}/health/ready`)
      .then((answer) => answer.ok)
      .catch(() => false))
  ) {
    if (api.exitCode !== null) throw new Error('An api has ended before it was ready.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return origin;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

async function measure(databases) {
  const asked = databases.map(({ names }) => [...Object.values(everyList(names, ineligibleReasonCodes)), FEED].flat());
  console.log('| list | full | small | empty | full to small | full to empty |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [index, address] of asked[0].entries()) {
    if (!address.startsWith(options.only) || (address.includes('&') && !options.pairs)) continue;
    const lists = databases.map(({ origin }, i) => ({ origin, address: asked[i][index] }));
    const answers = await compare(address, lists);
    const next = lists.map(({ origin }, i) => ({ origin, address: nextPage(lists[i].address, answers[i]) }));
    if (next[0].address && next[1].address) await compare(`${address} (the page after)`, next.slice(0, 2));
  }
}

/** Prints a line of the table. @returns the last answers; undefined: no list or page, and not compared */
async function compare(name, lists) {
  const { answers, times } = await ask(lists);
  const medians = times.map((of) => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]);
  const quickest = times.map((of) => Math.min(...of));
  const ms = lists.map((_list, i) => (answers[i] ? `${medians[i].toFixed(1)} ms` : '–'));
  const ratios = [1, 2].map((i) => {
    if (!answers[i]) return '–';
    const [ofMedians, ofQuickest] = [medians[0] / medians[i], quickest[0] / quickest[i]];
    const isBeyond = Math.min(ofMedians, ofQuickest) > AT_MOST;
    if (isBeyond) process.exitCode = 1;
    return `${ofMedians.toFixed(1)}× (${ofQuickest.toFixed(1)}×)${isBeyond ? ' !' : ''}`;
  });
  console.log(`| ${[`\`${name}\``, ms[0], ms[1], ms[2] ?? '–', ...ratios].join(' | ')} |`);
  return answers;
}

async function ask(lists) {
  const times = lists.map(() => []);
  const answers = [];
  for (let turn = -2; turn < Number(options.times); turn++) {
    for (const i of lists.keys()) {
      // Each is the first as often as the others.
      const at = (i + turn + lists.length) % lists.length;
      const { origin, address } = lists[at];
      const t0 = performance.now();
      const answer = await fetch(origin + address, { headers: { authorization: `Bearer ${key}` } });
      const text = await answer.text();
      const ms = performance.now() - t0;
      answers[at] = answer.ok ? JSON.parse(text) : undefined;
      // The first two open connections and plan statements.
      if (turn >= 0) times[at].push(ms);
    }
  }
  return { answers, times };
}

function nextPage(address, answer) {
  const cursor = answer?.next_cursor;
  return cursor && `${address}${address.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
}
