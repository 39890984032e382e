// How much longer every list and page of the api takes, with each of its filters, in a database that `npm run fill-database` has filled
// than in one that has hardly more than a page of each, and in an empty one. These two are made beside the full one and dropped again.
// The three are asked in turn, so that a busy machine is as unkind to each of them; what counts are the ratios of medians.
//
//   npm run build && DATABASE_URL=postgres://… npm run measure-lists [-- --times 15] [--only /v1/takedowns] [--all]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '../dist/libs/database/src/index.js';
import { everyList, namesIn } from './every-list.mjs';
import { fillDatabase } from './fill-database.mjs';
import { root } from './lib.mjs';

const AT_MOST = 3;
const SMALL = { deletions: 200, merchants: 200, open: 200 };
/** Of the feed: a page that has a filter reads so many events at most. */
const FEED = ['/v1/events', '/v1/events?cursor=latest', '/v1/events?type=deletion.*', '/v1/events?type=platform.held'];

const { values: options } = parseArgs({
  options: { times: { type: 'string', default: '15' }, only: { type: 'string' }, all: { type: 'boolean' } },
});
const { DATABASE_URL: url } = process.env;
if (!url) {
  console.error('DATABASE_URL is missing: a database that `npm run fill-database` has filled.');
  process.exit(1);
}

const key = `rk_${randomBytes(32).toString('base64url')}`;
const closers = [];
try {
  const full = await databaseAt(url);
  const small = await databaseAt(await anotherDatabase('small'), SMALL);
  const empty = await databaseAt(await anotherDatabase('empty'));
  await measure({ full, small, empty });
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
  const api = spawn(process.execPath, [`${root}/dist/apps/api/src/main.js`], {
    env: {
      ...{ PATH: process.env.PATH, DATABASE_URL: databaseUrl, PORT: port, BOOTSTRAP_API_KEY: key },
      ...{
        MASTER_KEYS: `measured:${randomBytes(32).toString('base64')}`,
        LOG_LEVEL: 'error',
        API_RATE_PER_MINUTE: '0',
      },
    },
    stdio: ['ignore', 'inherit', 'inherit'],
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
  const names = Object.keys(databases);
  const asked = names.map((name) => [...Object.values(everyList(databases[name].names)), FEED]);
  const figures = [];
  for (const [route, addresses] of asked[0].entries()) {
    for (const index of addresses.keys()) {
      const lists = names.map((name, i) => ({ name, ...databases[name], address: asked[i][route][index] }));
      if (options.only && !lists[0].address.startsWith(options.only)) continue;
      const first = await timesOf(lists);
      figures.push({ address: lists[0].address, ...first.figures });
      const next = lists.map((list, i) => ({ ...list, address: nextPage(list.address, first.answers[i]) }));
      if (next[0].address && next[1].address) {
        const { figures: later } = await timesOf(next.slice(0, 2));
        figures.push({ address: `${lists[0].address} (the page after)`, ...later });
      }
    }
  }
  report(figures);
}

/** Medians in milliseconds by database; of answers that are no list or page, none. */
async function timesOf(lists) {
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
  return { answers, figures: Object.fromEntries(lists.map(({ name }, i) => [name, answers[i] && median(times[i])])) };
}

function nextPage(address, answer) {
  const cursor = answer?.next_cursor;
  return cursor && `${address}${address.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** Of each route the slowest of its lists, against what it takes in the others; with `--all` each list. */
function report(figures) {
  const rated = figures
    .filter(({ full }) => full !== undefined)
    .map((one) => ({ ...one, growth: one.full / (one.small ?? one.full), ratio: one.full / (one.empty ?? one.full) }));
  const most = {};
  for (const one of rated) {
    const route = one.address.split(/[? ]/)[0].replace(/\/(wx|[0-9a-f-]{36})[^/]*/, '/{id}');
    if (!(most[route]?.growth >= one.growth)) most[route] = one;
  }
  const shown = options.all ? rated : Object.values(most);
  const ms = (value) => (value === undefined ? '–' : `${value.toFixed(1)} ms`);
  const times = (value) => (Number.isFinite(value) ? `${value.toFixed(1)}×` : '–');
  console.log('| the list that grew most of each route | full | small | growth | empty | against empty |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { address, full, small, empty, growth, ratio } of shown) {
    console.log(`| \`${address}\` | ${[ms(full), ms(small), times(growth), ms(empty), times(ratio)].join(' | ')} |`);
  }
  const beyond = rated.filter(({ growth, ratio }) => growth > AT_MOST || ratio > AT_MOST);
  console.log(`${rated.length} lists and pages; beyond ${AT_MOST}×: ${beyond.length}`);
  for (const { address, full, small, empty, growth, ratio } of beyond) {
    console.log(`  ${times(growth)} ${times(ratio)}  ${ms(full)}, ${ms(small)}, ${ms(empty)}  ${address}`);
  }
  process.exitCode = beyond.length > 0 ? 1 : 0;
}
