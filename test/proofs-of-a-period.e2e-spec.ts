import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { SteadyClient } from '@app/postgres';
import { summaryOf, verifyProof, type KeySet } from '@app/proof-verifier';
import { CommandLine } from './support/command-line.js';
import { eventually } from './support/eventually.js';
import { commandsOf } from './support/runbook.js';
import { PLATFORM, System, type Reply } from './support/system.js';
import { openWay } from './support/way.js';

const DAY_MS = 24 * 60 * 60_000;
const REASON = `asked for by a court${'.'.repeat(450)}`;
/** More than a connection and its buffers take. */
const MANY = 20_000;

let system: System;
let merchant: string;
let other: string;
let lastMsgId = 7_000_000_000;
/** Each test has a day of its own, long ago. */
let lastDay = Math.floor(Date.now() / DAY_MS) - 500;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
  const granted = await system.grantedMerchants(2);
  [merchant, other] = granted.map((one) => one.merchant) as [string, string];
});
afterAll(async () => {
  jest.restoreAllMocks();
  await system.close();
});

/** Its first moment, and that of the next one. */
function aDay(): { from: number; to: number } {
  const from = ++lastDay * DAY_MS;
  return { from, to: from + DAY_MS };
}

/** An end that somebody has had, with one call. @param micros after the beginning of the day */
interface End {
  at: number;
  micros: number;
  of?: string;
  state?: string;
}

/** So many deletions that ended, by SQL: nobody waits for five minutes. @returns their ids in the order of their ends */
async function ended({ at, micros, of = merchant, state = 'succeeded' }: End, count = 1, stepMicros = 0) {
  const first = (lastMsgId += count) - count;
  const made = await system.sql<{ id: string }>(
    `WITH made AS (
       INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, attempts, outcome_code, outcome_errcode, proof,
         reason, request_id, requested_by, ready_at, created_at, finished_at)
       SELECT gen_random_uuid(), m.id, $2::bigint + n, 1, 'msg:' || $2::bigint + n || ':1', $3, 1, 'deleted', 0, 'acknowledged',
         $6, 'test', k.id, at.end, at.end - interval '1 s', at.end
       FROM generate_series(1, $4::int) AS n, merchants m, (SELECT id FROM api_keys ORDER BY id LIMIT 1) AS k, LATERAL (
         SELECT timestamptz 'epoch' + ($5::bigint + n * $7::bigint) * interval '1 microsecond' AS end) AS at
       WHERE m.authorizer_appid = $1 RETURNING id, finished_at
     ), called AS (
       INSERT INTO deletion_attempts (id, deletion_id, operation, outcome, errcode, errmsg, http_status, started_at, finished_at)
       SELECT gen_random_uuid(), id, 'mass/delete', 'accepted', 0, 'ok', 200, finished_at, finished_at FROM made
     )
     SELECT id FROM made ORDER BY finished_at, id`,
    [of, first, state, count, String(BigInt(at) * 1_000n + BigInt(micros - stepMicros)), REASON, stepMicros],
  );
  return made.map(({ id }) => id);
}

const iso = (ms: number) => new Date(ms).toISOString();
const pathOf = ({ from, to }: { from: number; to: number }, more = '') =>
  `/v1/proofs?finished_after=${iso(from)}&finished_before=${iso(to)}${more}`;
type Headers = Record<string, string>;
const read = (path: string, by: Headers = {}): Promise<Reply> => system.call('GET', path, undefined, by);
const recordsIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const deletionsIn = (text: string) => recordsIn(text).filter(({ type }) => type === 'deletion');
const idsIn = (text: string) => deletionsIn(text).map(({ id }) => id);
const notedOf = async ({ from, to }: { from: number; to: number }) =>
  (await read(`/v1/audit-events?action=period.proof_exported&subject=${iso(from)}/${iso(to)}`)).body.data;

async function aKey(limits: { merchants?: string[]; platforms?: string[] }): Promise<Headers> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  await system.sql(
    `INSERT INTO api_keys (id, name, key_hash, role, merchants, platforms)
     VALUES (gen_random_uuid(), 'limited', $1, 'viewer', $2, $3)`,
    [createHash('sha256').update(key).digest('base64url'), limits.merchants ?? null, limits.platforms ?? null],
  );
  return { authorization: `Bearer ${key}` };
}

describe('the proofs of a period', () => {
  let day: { from: number; to: number };
  let ids: string[];

  beforeAll(async () => {
    day = aDay();
    const at = day.from;
    // Two pages end at one moment, in every way and of both, so that pages begin and end among them.
    const together = [
      ...(await ended({ at, micros: 500_001 }, 600)),
      ...(await ended({ at, micros: 500_001, state: 'failed', of: other }, 300)),
      ...(await ended({ at, micros: 500_001, state: 'cancelled' }, 200)),
    ].sort();
    ids = [...(await ended({ at, micros: 1 }, 300, 7)), ...together, ...(await ended({ at, micros: 600_000 }, 100, 1))];
  });

  it.each(['ndjson', 'json', 'csv'])('are whole, signed and noted, as %s', async (format) => {
    const { status, body, headers } = await read(pathOf(day, `&format=${format}`));
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="proofs-[\\dT.Z-]+\\.${format}"$`),
    );
    const text = typeof body === 'string' ? body : undefined;
    const [noted] = await notedOf(day);
    expect(noted).toMatchObject({
      subject: { type: 'period', id: `${iso(day.from)}/${iso(day.to)}` },
      data: { count: 1_500, format },
    });
    if (text === undefined) return expect(body.data).toHaveLength(1_503);
    expect(await system.judged(text, noted.data.last_hash)).toMatch(/^ok: 1500 deletions/);
    expect(await system.judged(text.replace('succeeded', 'failed'))).toMatch(/^not ok: line \d/);
  });

  it('are in the order of the ends, and the same however often they are exported', async () => {
    const [first, second] = [await read(pathOf(day)), await read(pathOf(day))];
    expect(idsIn(first.body)).toEqual(ids);
    const told = ({ body }: Reply) => deletionsIn(body).map(({ prev_hash: _prev, hash: _hash, ...one }) => one);
    expect(told(first)).toEqual(told(second));
    const [header, one] = recordsIn(first.body);
    expect(header).toEqual({
      type: 'header',
      version: 2,
      subject: 'period',
      id: `${iso(day.from)}/${iso(day.to)}`,
      finished_after: iso(day.from),
      finished_before: iso(day.to),
      platforms: null,
      merchants: null,
      requested_by: expect.any(String),
      request_id: expect.any(String),
      exported_at: expect.any(String),
      prev_hash: '0'.repeat(64),
      hash: expect.any(String),
    });
    expect(one).toMatchObject({
      merchant,
      component_appid: PLATFORM.component_appid,
      reason: REASON,
      counted_as: null,
      calls: [{ operation: 'mass/delete', outcome: 'accepted', http_status: 200 }],
    });
  });

  it('are those that ended from its first moment on, and before its last one', async () => {
    const { from, to } = aDay();
    const [first, second] = [from + 1_000, from + 2_000];
    await ended({ at: first, micros: -1 });
    const within = [...(await ended({ at: first, micros: 0 })), ...(await ended({ at: second, micros: -1 }))];
    const next = await ended({ at: second, micros: 0 });
    expect(idsIn((await read(pathOf({ from: first, to: second }))).body)).toEqual(within);
    expect(idsIn((await read(pathOf({ from: second, to: second + 1 }))).body)).toEqual(next);
    expect(idsIn((await read(pathOf({ from: first - 1, to: first }))).body)).toHaveLength(1);
    expect(idsIn((await read(pathOf({ from, to }))).body)).toHaveLength(4);
    const local = `finished_after=${encodeURIComponent(`${iso(first + 8 * 3_600_000).slice(0, -1)}+08:00`)}`;
    expect(idsIn((await read(`/v1/proofs?${local}&finished_before=${iso(second)}`)).body)).toEqual(within);
    const nothing = await read(pathOf({ from: to, to: to + 1 }));
    expect(await system.judged(nothing.body)).toMatch(/^ok: 0 deletions/);
  });

  it('are not those of what was retried since', async () => {
    const { from, to } = aDay();
    const [failed = '', done] = [
      ...(await ended({ at: from, micros: 1, state: 'failed' })),
      ...(await ended({ at: from, micros: 2 })),
    ];
    expect(idsIn((await read(pathOf({ from, to }))).body)).toEqual([failed, done]);
    expect((await system.call('POST', `/v1/deletions/${failed}/retry`)).status).toBe(202);
    expect(idsIn((await read(pathOf({ from, to }))).body)).toEqual([done]);
  });
});

describe('a key with limits', () => {
  it('exports what it may reach, and not why others asked for it', async () => {
    const day = aDay();
    const own = await ended({ at: day.from, micros: 5 }, 3, 10);
    const theirs = await ended({ at: day.from, micros: 6, of: other }, 2, 10);
    const all = [own[0], theirs[0], own[1], theirs[1], own[2]];
    const only = async (path: string, by: Headers = {}) => {
      const { body } = await read(path, by);
      expect(await system.judged(body)).toMatch(/^ok: /);
      const [{ merchants, platforms }] = recordsIn(body);
      return { ids: idsIn(body), merchants, platforms };
    };
    const platforms = [PLATFORM.component_appid];
    const mine = { ids: own, merchants: [merchant] };
    expect(await only(pathOf(day))).toEqual({ ids: all, merchants: null, platforms: null });
    expect(await only(pathOf(day, `&merchant=${merchant}`))).toEqual({ ...mine, platforms: null });
    expect(await only(pathOf(day, `&merchant=${merchant}&component_appid=${platforms[0]}`))).toEqual({
      ...mine,
      platforms,
    });
    const limited = await aKey({ merchants: [merchant] });
    expect(await only(pathOf(day), limited)).toEqual({ ...mine, platforms: null });
    const both = await only(pathOf(day), await aKey({ platforms }));
    expect({ ...both, ids: [...both.ids].sort() }).toEqual({ ids: [...all].sort(), merchants: null, platforms });
    expect(await only(pathOf(day), await aKey({ platforms: ['wxffffffffffffffff'] }))).toMatchObject({ ids: [] });

    for (const format of ['ndjson', 'json', 'csv']) {
      const { body } = await read(pathOf(day, `&format=${format}`), limited);
      expect(JSON.stringify(body)).not.toContain(REASON);
      expect(JSON.stringify(body)).not.toContain(other);
    }
    const told = deletionsIn((await read(pathOf(day), limited)).body);
    expect(told).toMatchObject(own.map(() => ({ reason: null, hidden: ['reason'] })));
    const csv = await read(pathOf(day, '&format=csv'), limited);
    const { body: jwks } = await read('/.well-known/jwks.json');
    expect((await verifyProof([csv.body], jwks)).proof).toMatchObject({
      subject: 'period',
      count: 3,
      only: [merchant],
    });
    const beyond = await read(pathOf(day, `&merchant=${other}`), limited);
    expect([beyond.status, beyond.body.code]).toEqual([404, 'merchant_not_found']);
  });
});

describe('a period', () => {
  const [from, to] = [`finished_after=${iso(0)}`, `finished_before=${iso(DAY_MS)}`];
  it.each<[string, string, string]>([
    ['', '', 'finished_after'],
    ['without an end', from, 'finished_before'],
    ['without a beginning', to, 'finished_after'],
    ['that ends before it begins', `finished_after=${iso(DAY_MS)}&finished_before=${iso(0)}`, 'finished_before'],
    ['that ends as it begins', `finished_after=${iso(0)}&finished_before=${iso(0)}`, 'finished_before'],
    ['of days', 'finished_after=2025-10-01&finished_before=2025-11-01', 'finished_after'],
    ['without offsets', `finished_after=2025-10-01T00:00:00&${to}`, 'finished_after'],
    ['that is there twice', `${from}&${from}&${to}`, 'finished_after'],
    ['with another filter', `${from}&${to}&state=failed`, 'state'],
    ['in another format', `${from}&${to}&format=xml`, 'format'],
    ['of a platform without a merchant', `${from}&${to}&component_appid=wx0123456789abcdef`, 'component_appid'],
  ])('is refused %s', async (_how, query, field) => {
    const { status, body } = await read(`/v1/proofs?${query}`);
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  it.each<[string, number]>([
    ['is over since a minute', -60_000],
    ['is not over', 60_000],
    ['is over in a thousand years', 1_000 * 365 * DAY_MS],
  ])('that %s is refused, with the moment up to which nothing is missing', async (_how, later) => {
    const day = { from: 0, to: Date.now() + later };
    const { status, body } = await read(pathOf(day));
    expect([status, body.code]).toEqual([409, 'period_not_over']);
    const settled = Date.parse(body.settled_until);
    expect(settled).toBeLessThanOrEqual(Date.now() - 5 * 60_000);
    expect(await notedOf(day)).toEqual([]);
    expect((await read(pathOf({ from: settled - 1, to: settled }))).status).toBe(200);
  });

  it('is not exported to HEAD', async () => {
    const day = aDay();
    expect((await system.send('HEAD', pathOf(day), {})).status).toBe(200);
    expect(await notedOf(day)).toEqual([]);
  });
});

describe('a long export', () => {
  let day: { from: number; to: number };
  let pages = 0;
  let jwks: KeySet;

  beforeAll(async () => {
    day = aDay();
    await ended({ at: day.from, micros: 0 }, MANY, 1_000);
    await read(pathOf(aDay()));
    ({ body: jwks } = await read('/.well-known/jwks.json'));
    const send = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')?.value as (
      ...given: unknown[]
    ) => unknown;
    jest.spyOn(SteadyClient.prototype, 'query').mockImplementation(function (this: unknown, ...given: unknown[]) {
      if (String(given[0]).includes('FROM takedown_links l WHERE l.takedown_id = $1')) pages += 1;
      return send.apply(this, given);
    });
  });
  beforeEach(() => {
    pages = 0;
  });
  afterAll(() => jest.restoreAllMocks());

  /** As `System.judged`, for what is long. The keys are those of now. */
  const judged = async (text: string) =>
    summaryOf(await verifyProof(text.match(/[^]{1,65536}/g) ?? [], jwks, { sha256 }));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  /** Its head alone is read. */
  async function begun(): Promise<IncomingMessage> {
    const sent = request(system.url + pathOf(day), { headers: { authorization: `Bearer ${system.apiKey}` } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  }

  /** Until no more of it is read from the database. */
  const untilQuiet = () =>
    eventually(
      async () => {
        const before = pages;
        await delay(300);
        return pages > 0 && pages === before;
      },
      (isQuiet) => isQuiet,
    );

  const restOf = async (response: IncomingMessage) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (piece: string) => (text += piece));
    response.on('error', () => undefined);
    if (!response.closed) await new Promise((resolve) => response.once('close', resolve));
    return { text, isWhole: response.complete };
  };

  it('goes at the pace of its reader', async () => {
    const response = await begun();
    await untilQuiet();
    expect(pages).toBeLessThan(MANY / 500);
    const { text, isWhole } = await restOf(response);
    expect(isWhole).toBe(true);
    expect(pages).toBe(MANY / 500);
    expect(await judged(text)).toMatch(/^ok: 20000 deletions/);
    expect(await notedOf(day)).toHaveLength(1);
  });

  it('ends with a reader that goes away, and is not noted', async () => {
    const noted = await notedOf(day);
    const response = await begun();
    await untilQuiet();
    response.destroy();
    await untilQuiet();
    expect(pages).toBeLessThan(MANY / 500);
    expect(await notedOf(day)).toEqual(noted);
  });

  it('breaks off where the database goes away, and does not look whole', async () => {
    const response = await begun();
    await untilQuiet();
    const server = new pg.Client({ connectionString: new URL('/postgres', system.database.url).href });
    await server.connect();
    const name = new URL(system.database.url).pathname.slice(1);
    const accepting = (is: boolean) => server.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${is}`);
    let rest;
    try {
      await accepting(false);
      await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [name]);
      rest = await restOf(response);
    } finally {
      await accepting(true);
      await server.end();
    }
    expect(rest.isWhole).toBe(false);
    expect(rest.text).not.toContain('"type":"trailer"');
    expect(await judged(rest.text)).toMatch(/^not ok: line \d+ /);
    await eventually(
      () => system.send('GET', '/health/ready', {}),
      ({ status }) => status === 200,
    );
  });

  it('that is cut off on its way is no file for the command line, and no proof', async () => {
    const way = await openWay(system.url);
    const shell = new CommandLine({ RETRACT_URL: way.url.replace(/\/$/, ''), RETRACT_API_KEY: system.apiKey });
    const command = `retract proofs --from ${iso(day.from)} --to ${iso(day.to)}`;
    try {
      way.cutAfter(2_000_000);
      expect(await shell.run(`${command} -o cut.ndjson`)).toMatchObject({ code: 1 });
      expect(existsSync(join(shell.home, 'cut.ndjson'))).toBe(false);
      expect(await shell.run(`${command} > cut.ndjson`)).toMatchObject({ code: 1 });
      const { code, out } = await shell.run('retract verify cut.ndjson');
      expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('Do not rely on this file.') });
    } finally {
      way.close();
    }
  });
});

describe('from a shell', () => {
  const shell = () => new CommandLine({ RETRACT_URL: system.url, RETRACT_API_KEY: system.apiKey });

  it('days are those of Shanghai', async () => {
    const user = shell();
    const day = aDay();
    const midnight = day.from - 8 * 3_600_000;
    await ended({ at: midnight, micros: -1 });
    const ids = [
      ...(await ended({ at: midnight, micros: 0 })),
      ...(await ended({ at: midnight + DAY_MS, micros: -1 })),
    ];
    await ended({ at: midnight + DAY_MS, micros: 0 });
    const [from, to] = [day.from, day.to].map((at) => iso(at).slice(0, 10));
    const asText = await user.run(`retract proofs --from ${from} --to ${to}`);
    expect({ code: asText.code, ids: idsIn(asText.out) }).toEqual({ code: 0, ids });
    const asFile = await user.run(
      `retract proofs --from ${from} --to ${to} --merchant ${merchant} -o day.csv --json && retract verify day.csv --jwks "$RETRACT_URL/.well-known/jwks.json"`,
    );
    expect(asFile).toMatchObject({ code: 0, out: expect.stringContaining('The file is as it was issued.') });
    expect(asFile.out).toContain(`"finished_after":"${from}T00:00:00+08:00"`);
    expect(asFile.out).toContain('tells of 2 deletions, as the export of what ended from');
    expect(asFile.out).toContain(`not of ${merchant}.`);
  });

  it.each([
    ['', /required option '--from <time>'/],
    ['--from 2025-10-01', /required option '--to <time>'/],
    ['--from october --to 2025-11-01', /must be a day/],
    ['--from 2025-10-01T00:00:00 --to 2025-11-01', /must be a day/],
  ])('retract proofs %s is called wrongly', async (options, words) => {
    expect(await shell().run(`retract proofs ${options}`)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(words),
    });
  });

  it('a period that is not over is told of', async () => {
    // Two days on: the command's days are those of China, where tomorrow begins up to eight hours before.
    const ahead = iso(Date.now() + 2 * DAY_MS).slice(0, 10);
    const { code, err } = await shell().run(`retract proofs --from 2025-10-01 --to ${ahead} -o x.ndjson`);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('may not all be written down yet') });
  });

  it('a month is archived as the runbook says', async () => {
    const user = shell();
    await ended({ at: Date.parse('2025-10-01T00:00:00+08:00'), micros: 0 }, 2, 1);
    const blocks = commandsOf('Archive the proofs of a month');
    expect(blocks.length).toBeGreaterThan(0);
    const env = { API: system.url, KEY: system.apiKey };
    const { code, out, err } = await user.run(`set -x\n${blocks.join('\n')}`, { env });
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('The file is as it was issued.');
    expect(out).toContain('tells of 2 deletions, as the export of what ended from 2025-09-30T16:00:00.000Z on');
    const [file] = readFileSync(join(user.home, 'proofs-2025-10-01.ndjson'), 'utf8').split('\n');
    expect(JSON.parse(file ?? '')).toMatchObject({ subject: 'period', finished_before: '2025-10-31T16:00:00.000Z' });
  });
});

it('npm run verify-proof says what period a file is of', async () => {
  const { from, to } = aDay();
  await ended({ at: from, micros: 0 });
  const { home } = new CommandLine();
  writeFileSync(join(home, 'period.ndjson'), (await read(pathOf({ from, to }))).body);
  const args = [
    'dist/apps/api/src/verify-proof.js',
    join(home, 'period.ndjson'),
    '--jwks',
    `${system.url}/.well-known/jwks.json`,
  ];
  const out = await new Promise<string>((resolve) => execFile(process.execPath, args, (_error, text) => resolve(text)));
  expect(out).toMatch(/^ok: 1 deletion, last hash /);
  expect(out).toContain(`as the export of what ended from ${iso(from)} on and before ${iso(to)}`);
});
