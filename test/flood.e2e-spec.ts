import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';

/** A multiple of 100. The errors of the answer are complete up to a million. */
const LINES = Number(process.env.RETRACT_FLOOD_LINES ?? 100_000);
const MERCHANTS = 3_000;
const FIRST_MSG_ID = 3_147_483_661;
const MAX_RSS_MB = 400;

const apiKey = `rk_${randomBytes(32).toString('base64url')}`;
let database: TestDatabase;
let db: InstanceType<typeof pg.Client>;
let api: BuiltApp;
let port: number;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = new pg.Client({ connectionString: database.url });
  await db.connect();
  await db.query(
    `INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
     VALUES (gen_random_uuid(), 'wxplatform', '', '', '')`,
  );
  await db.query(
    `INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets)
     SELECT gen_random_uuid(), id, 'wxm' || n, 'authorized', '{7}' FROM platforms, generate_series(0, $1::int - 1) n`,
    [MERCHANTS],
  );
  port = await freePort();
  api = await startBuiltApp('api', {
    DATABASE_URL: database.url,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PORT: String(port),
    MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
    BOOTSTRAP_API_KEY: apiKey,
  });
});
afterAll(async () => {
  await api.end('SIGKILL');
  await db.end();
  await database.drop();
});

/** Ways in which a line can be bad, each with the code that it gets. */
const BAD: [code: string, line: (msgId: number) => string][] = [
  ['merchant_not_found', (msgId) => `{"merchant":"wxnobody","msg_id":"${msgId}","article_idx":1}`],
  ['malformed_body', (msgId) => `{"merchant":"wxm0","msg_id":"${msgId}","article_idx":`],
  ['field_repeated', (msgId) => `{"merchant":"wxm0","msg_id":"${msgId}","msg_id":"1","article_idx":1}`],
  ['invalid_request', (msgId) => `{"merchant":"wxm0","msg_id":"${msgId}","articleIdx":1}`],
];
const isBad = (line: number) => line % 100 === 0;
const badOne = (line: number) => BAD[(line / 100) % BAD.length] ?? BAD[0]!;

function textOf(line: number): string {
  const msgId = FIRST_MSG_ID + line;
  if (isBad(line)) return badOne(line)[1](msgId);
  return `{"merchant":"wxm${line % MERCHANTS}","msg_id":"${msgId}","article_idx":1}`;
}

function* body(): Generator<string> {
  for (let line = 1; line <= LINES; line += 1_000) {
    const count = Math.min(1_000, LINES - line + 1);
    yield Array.from({ length: count }, (_one, i) => `${textOf(line + i)}\n`).join('');
  }
}

/** Written only as fast as the api reads. */
async function upload(): Promise<{ status: number | undefined; body: any }> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/x-ndjson' };
  const path = '/v1/takedowns?undo_seconds=3600';
  const sent = request({ host: '127.0.0.1', port, method: 'POST', path, headers });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  await Promise.all([pipeline(Readable.from(body()), sent), answered]);
  const [answer] = await answered;
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) };
}

async function look(id: string): Promise<any> {
  const headers = { authorization: `Bearer ${apiKey}` };
  return (await fetch(`http://127.0.0.1:${port}/v1/takedowns/${id}`, { headers })).json();
}

/** The most memory that the api ever had, as only Linux tells. */
const peakRssMb = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${api.pid}/status`, 'utf8'))?.[1]) / 1024;

it(
  'a flood of NDJSON is taken in to the last good line, names every bad one, and does not fill the memory',
  async () => {
    const bad = Array.from({ length: LINES / 100 }, (_one, i) => (i + 1) * 100);
    const startedAt = performance.now();
    const accepted = await upload();
    const seconds = (performance.now() - startedAt) / 1000;
    expect(accepted).toMatchObject({
      status: 202,
      body: { started_at: expect.any(String), rejected: bad.length },
    });
    // It may have been answered before the last of its deletions was made.
    const made = await eventually(
      () => look(accepted.body.id),
      ({ state }) => state !== 'receiving',
      120_000 + LINES / 10,
    );
    expect(made).toMatchObject({ state: 'pending', accepted: LINES - bad.length, already_open: 0 });
    expect(accepted.body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual(
      bad.map((line) => [line, badOne(line)[0]]),
    );

    const { rows } = await db.query(
      `SELECT count(*)::int AS count, count(DISTINCT line)::int AS distinct, min(line)::int AS first, max(line)::int AS last,
         count(*) FILTER (WHERE line % 100 = 0 OR m.authorizer_appid <> 'wxm' || line % $3 OR d.target_key <> 'msg:' || d.msg_id || ':1'
           OR d.takedown_id <> $1 OR d.state <> 'scheduled')::int AS wrong
       FROM (SELECT *, msg_id - $2::bigint AS line FROM deletions) d JOIN merchants m ON m.id = d.merchant_id`,
      [accepted.body.id, FIRST_MSG_ID, MERCHANTS],
    );
    const count = LINES - bad.length;
    expect(rows).toEqual([{ count, distinct: count, first: 1, last: LINES - 1, wrong: 0 }]);
    const left = await db.query('SELECT 1 FROM takedown_items LIMIT 1');
    expect(left.rowCount).toBe(0);

    if (process.platform === 'linux') {
      const rssMb = peakRssMb();
      if (process.env.RETRACT_FLOOD_LINES) {
        console.info(`${LINES} lines in ${seconds.toFixed(1)} s, peak RSS of the api ${rssMb.toFixed(0)} MB`);
      }
      expect(rssMb).toBeLessThan(MAX_RSS_MB);
    }
  },
  240_000 + LINES,
);
