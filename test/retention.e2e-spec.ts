import { createHash, randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { Retention } from '@app/deletions';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

const DAYS = '40';

let system: System;
let apps: BuiltApp[] = [];

beforeAll(async () => {
  system = await System.start({ env: { DELETIONS_RETENTION_DAYS: DAYS } });
  await system.registerPlatform();
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.end('SIGKILL')));
  await system.close();
});

const post = (body: object, by: Record<string, string> = {}) => system.call('POST', '/v1/deletions', body, by);
const read = (path: string, by: Record<string, string> = {}) => system.call('GET', path, undefined, by);
const deleteCalls = async (merchant: string) =>
  (await system.control('GET', `calls?operation=mass/delete&authorizer_appid=${merchant}`)).data.length;

async function aKey(limits: { merchants?: string[]; platforms?: string[] }): Promise<Record<string, string>> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  await system.sql(
    `INSERT INTO api_keys (id, name, key_hash, role, merchants, platforms)
     VALUES (gen_random_uuid(), 'limited', $1, 'operator', $2, $3)`,
    [createHash('sha256').update(key).digest('base64url'), limits.merchants ?? null, limits.platforms ?? null],
  );
  return { authorization: `Bearer ${key}` };
}

/** A message with its two articles, of which WeChat has told. */
async function aMessage(): Promise<{ merchant: string; msg_id: string; url: string }> {
  const merchant = await system.onboardMerchant();
  const msg_id = await system.sendMassMessage(merchant);
  const { body } = await eventually(
    () => read(`/v1/mass-messages?merchant=${merchant}`),
    (reply) => reply.body.data.length > 0,
  );
  return { merchant, msg_id, url: body.data[0].articles[0].url };
}

/** As if all that has ended had ended so much earlier, and the worker's next sweep had come. */
async function prune(): Promise<void> {
  for (const [table, columns] of [
    ['deletions', ['created_at', 'finished_at']],
    ['takedowns', ['created_at', 'finished_at']],
    ['mass_messages', ['created_at', 'finished_at']],
  ] as const) {
    const older = columns.map((column) => `${column} = ${column} - interval '50 days'`).join(', ');
    await system.sql(`UPDATE ${table} SET ${older} WHERE finished_at IS NOT NULL`);
  }
  // One that has just started: it walks along all there is.
  const worker = new Retention(system.runningWorker.get(DataSource, { strict: false }), {
    deletions: 40,
    rejections: 90,
  });
  await worker.forgetOld();
}

const succeeded = async (wish: object) => {
  const { status, body } = await post(wish);
  expect(status).toBe(202);
  const done = await system.finished(body.id);
  expect(done.state).toBe('succeeded');
  return done;
};

describe('a deletion that is kept no more', () => {
  it('is the answer still, in every way in which its target can be named, and costs no call', async () => {
    const { merchant, msg_id, url } = await aMessage();
    const done = await succeeded({ merchant, msg_id, article_idx: 1 });
    const whole = await aMessage();
    const wholeDone = await succeeded({ merchant: whole.merchant, msg_id: whole.msg_id, whole_message: true });
    const [before, wholeBefore] = [await deleteCalls(merchant), await deleteCalls(whole.merchant)];
    await prune();
    expect(await system.sql(`SELECT id FROM deletions WHERE id = ANY($1)`, [[done.id, wholeDone.id]])).toEqual([]);

    const left = {
      id: done.id,
      merchant,
      component_appid: PLATFORM.component_appid,
      msg_id,
      article_idx: 1,
      state: 'succeeded',
      proof: 'acknowledged',
      pruned: true,
      outcome: null,
      reason: null,
    };
    expect(await post({ merchant, msg_id, article_idx: 1 })).toMatchObject({ status: 200, body: left });
    expect(await post({ merchant, url })).toMatchObject({ status: 200, body: left });
    expect(await read(`/v1/deletions/${done.id}`)).toMatchObject({
      status: 200,
      body: { ...left, proof_note: expect.stringContaining('retention') },
    });
    // Another article of a message that is gone as a whole.
    expect(await post({ merchant: whole.merchant, msg_id: whole.msg_id, article_idx: 2 })).toMatchObject({
      status: 200,
      body: { id: wholeDone.id, pruned: true, whole_message: true },
    });
    const { body: messages } = await read(`/v1/mass-messages?merchant=${merchant}`);
    expect(messages.data[0].articles[0]).toMatchObject({ deleted_by: done.id });
    expect((await read(`/v1/deletions/${done.id}/attempts`)).body).toEqual({ data: [] });
    for (const act of ['cancel', 'retry']) {
      expect(await system.call('POST', `/v1/deletions/${done.id}/${act}`)).toMatchObject({
        status: 409,
        body: { code: 'deletion_state_conflict' },
      });
    }
    const { body: proof } = await read(`/v1/deletions/${done.id}/proof?format=ndjson`);
    expect(await system.judged(proof)).toMatch(/^ok: 1 deletion,/);
    expect(await deleteCalls(merchant)).toBe(before);
    expect(await deleteCalls(whole.merchant)).toBe(wholeBefore);
    expect((await post({ merchant, msg_id, article_idx: 1, again: true })).status).toBe(202);
  });

  it('is counted, listed and proven by a takedown that names its target, as deleted already', async () => {
    const { merchant, msg_id } = await aMessage();
    const done = await succeeded({ merchant, msg_id, article_idx: 2 });
    const before = await deleteCalls(merchant);
    await prune();
    const items = [{ merchant, msg_id, article_idx: 2 }];
    const dryRun = await system.call('POST', '/v1/takedowns', { items, dry_run: true });
    expect(dryRun.body).toMatchObject({ deletions: 0, already_deleted: 1 });
    const { body } = await system.call('POST', '/v1/takedowns', { items });
    const finished = await eventually(
      async () => (await read(`/v1/takedowns/${body.id}`)).body,
      ({ finished_at }) => finished_at !== null,
    );
    expect(finished).toMatchObject({ accepted: 0, already_deleted: 1, counts: { succeeded: 1 } });
    const { body: listed } = await read(`/v1/takedowns/${body.id}/deletions`);
    expect(listed.data).toMatchObject([{ id: done.id, pruned: true, state: 'succeeded' }]);
    expect((await read(`/v1/takedowns/${body.id}/deletions?state=failed`)).body.data).toEqual([]);
    const proof = (await read(`/v1/takedowns/${body.id}/proof`)).body as string;
    expect(await system.judged(proof)).toMatch(/^ok: 1 deletion,/);
    expect(JSON.parse(proof.split('\n')[1] ?? '')).toMatchObject({
      id: done.id,
      counted_as: 'already_deleted',
      proof_note: expect.stringContaining('retention'),
      calls: [],
    });
    expect(await deleteCalls(merchant)).toBe(before);
  });

  it('is known to a key with limits as far as these reach', async () => {
    const { merchant, msg_id } = await aMessage();
    const done = await succeeded({ merchant, msg_id, article_idx: 1 });
    await prune();
    const [own, foreign] = [await aKey({ merchants: [merchant] }), await aKey({ merchants: ['wxffffffffffffffff'] })];
    const hidden = { id: done.id, pruned: true, hidden: ['reason', 'metadata'], metadata: null };
    expect(await read(`/v1/deletions/${done.id}`, own)).toMatchObject({ status: 200, body: hidden });
    expect(await post({ merchant, msg_id, article_idx: 1 }, own)).toMatchObject({ status: 200, body: hidden });
    expect(await system.call('POST', `/v1/deletions/${done.id}/cancel`, undefined, own)).toMatchObject({ status: 409 });
    expect(await read(`/v1/deletions/${done.id}`, foreign)).toMatchObject({ status: 404 });
    expect(await system.call('POST', `/v1/deletions/${done.id}/cancel`, undefined, foreign)).toMatchObject({
      status: 404,
    });
  });

  it('is not found where it failed, and lists go on behind it', async () => {
    const { merchant, msg_id } = await aMessage();
    await system.control('POST', 'faults', {
      operation: 'mass/delete',
      authorizer_appid: merchant,
      outcome: 'errcode',
      errcode: 40065,
    });
    const { body } = await post({ merchant, msg_id, article_idx: 1 });
    expect(await system.finished(body.id)).toMatchObject({ state: 'failed' });
    await succeeded({ merchant, msg_id, article_idx: 2 });
    const lists = [
      `/v1/deletions?merchant=${merchant}&limit=1`,
      `/v1/deletions?finished_after=2020-01-01T00:00:00Z&limit=1`,
    ];
    const cursors = await Promise.all(lists.map(async (list) => (await read(list)).body.next_cursor as string));
    await prune();
    expect(await read(`/v1/deletions/${body.id}`)).toMatchObject({ status: 404, body: { code: 'deletion_not_found' } });
    for (const [i, list] of lists.entries()) {
      const next = await read(`${list}&cursor=${encodeURIComponent(cursors[i] ?? '')}`);
      expect(next).toMatchObject({ status: 200, body: { data: [] } });
    }
    // Of one that failed nothing is known: it is made anew.
    expect((await post({ merchant, msg_id, article_idx: 1 })).status).toBe(202);
  });
});

it('a worker that is killed in the middle of it has lost nothing, and others go on', async () => {
  const [{ merchant } = { merchant: '' }] = await system.grantedMerchants(1);
  await system.stopWorker();
  const COUNT = 5_000;
  await system.sql(
    `WITH made AS (
       INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id, created_at,
         finished_at)
       SELECT gen_random_uuid(), m.id, n, 1, 'msg:' || n || ':1', 'succeeded', now(), 'test',
         now() - interval '60 days', now() - interval '60 days' + n * interval '1 s'
       FROM merchants m, generate_series(1, $2::int) AS n WHERE m.authorizer_appid = $1 RETURNING id
     ) INSERT INTO deletion_attempts (id, deletion_id, operation) SELECT gen_random_uuid(), id, 'mass/delete' FROM made`,
    [merchant, COUNT],
  );
  const counted = async () => {
    const [counts] = await system.sql<{ kept: number; known: number; calls: number }>(
      `SELECT (SELECT count(*)::int FROM deletions d WHERE d.merchant_id = m.id) AS kept,
         (SELECT count(*)::int FROM gone_targets g WHERE g.merchant_id = m.id) AS known,
         (SELECT count(*)::int FROM deletion_attempts a JOIN deletions d ON d.id = a.deletion_id
          WHERE d.merchant_id = m.id) AS calls
       FROM merchants m WHERE m.authorizer_appid = $1`,
      [merchant],
    );
    if (!counts) throw new Error('The merchant is gone.');
    return counts;
  };
  const start = async () => apps.push(await startBuiltApp('worker', system.environment));
  await start();
  await eventually(counted, ({ known }) => known > 0);
  await Promise.all(apps.map((app) => app.end('SIGKILL')));
  apps = [];
  const { kept, known, calls } = await counted();
  expect(kept + known).toBe(COUNT);
  expect(calls).toBe(kept);
  await Promise.all([start(), start()]);
  expect(await eventually(counted, (now) => now.kept === 0)).toEqual({ kept: 0, known: COUNT, calls: 0 });
});
