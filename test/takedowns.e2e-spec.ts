import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { TakedownWatch } from '@app/deletions';
import { eventually } from './support/eventually.js';
import { System, type Reply } from './support/system.js';

let system: System;
let merchants: { merchant: string; msgId: string }[];

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
  merchants = await system.grantedMerchants(20);
});
afterAll(() => system.close());

const post = (body: object, headers: Record<string, string> = {}) =>
  system.call('POST', '/v1/takedowns', body, headers);
const postLines = (lines: (object | string)[], query = '', headers: Record<string, string> = {}) => {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return system.callText('POST', `/v1/takedowns${query}`, text, { 'content-type': 'application/x-ndjson', ...headers });
};
const get = async (id: string) => (await system.call('GET', `/v1/takedowns/${id}`)).body;
const ended = (id: string) =>
  eventually(
    () => get(id),
    ({ finished_at }) => finished_at !== null,
  );
const countOf = async (table: string) => Number((await system.sql(`SELECT count(*) FROM ${table}`))[0]?.['count']);
const eventsOf = async (id: string) =>
  (await system.sql(`SELECT type FROM events WHERE takedown_id = $1 ORDER BY txid, seq`, [id])).map(({ type }) => type);

let lastMsgId = 4_000_000_000;
/** One that WeChat does not know of. */
const anItem = (merchant = merchants[0]?.merchant ?? '') => ({ merchant, msg_id: String(++lastMsgId), article_idx: 1 });

async function limitedKey(limits: { merchants: string[] }): Promise<Record<string, string>> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('base64url');
  await system.sql(
    `INSERT INTO api_keys (id, name, key_hash, role, merchants) VALUES (gen_random_uuid(), 'limited', $1, 'operator', $2)`,
    [hash, limits.merchants],
  );
  return { authorization: `Bearer ${key}` };
}

describe('a takedown', () => {
  it('takes messages of many merchants back and says when it is done', async () => {
    const some = merchants.splice(1, 5);
    const items = some.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, article_idx: 1 }));
    const accepted = await post({ items, priority: 'urgent', reason: 'court order', metadata: { case: '12' } });
    expect(accepted).toMatchObject({
      status: 202,
      body: {
        cancel_code: null,
        priority: 'urgent',
        reason: 'court order',
        metadata: { case: '12' },
        undo_until: null,
        accepted: 5,
        already_open: 0,
        rejected: 0,
        errors: [],
      },
    });
    const { id } = accepted.body;
    expect(await ended(id)).toMatchObject({ state: 'finished', counts: { succeeded: 5, failed: 0, queued: 0 } });
    const deletions = (await system.call('GET', `/v1/takedowns/${id}/deletions?state=succeeded`)).body.data;
    expect(deletions).toHaveLength(5);
    expect(deletions[0]).toMatchObject({
      takedown: id,
      reason: 'court order',
      metadata: { case: '12' },
      priority: 'urgent',
    });
    expect((await eventsOf(id)).filter((type) => type?.startsWith('takedown.'))).toEqual([
      'takedown.created',
      'takedown.finished',
    ]);
  });

  it('accepts what it can and names the rest by its place', async () => {
    const unauthorized = merchants.splice(1, 1)[0]?.merchant ?? '';
    await system.sql(`UPDATE merchants SET permission_sets = '{1}' WHERE authorizer_appid = $1`, [unauthorized]);
    const bad = { merchant: merchants[0]?.merchant, msg_id: '12' };
    const accepted = await post({
      items: [anItem(), bad, anItem('wxffffffffffffffff'), anItem(unauthorized), anItem()],
      undo_seconds: 3600,
    });
    expect(accepted).toMatchObject({ status: 202, body: { accepted: 2, rejected: 3 } });
    expect(accepted.body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [2, 'whole_message_not_confirmed'],
      [3, 'merchant_not_found'],
      [4, 'merchant_not_eligible'],
    ]);
    const first = await system.call('GET', `/v1/takedowns/${accepted.body.id}/rejections?limit=2`);
    expect(first.body.data[0]).toMatchObject({ line: 2, excerpt: JSON.stringify(bad) });
    const rest = await system.call(
      'GET',
      `/v1/takedowns/${accepted.body.id}/rejections?limit=2&cursor=${first.body.next_cursor}`,
    );
    expect(rest.body).toMatchObject({ data: [{ line: 4 }], next_cursor: null });
  });

  it('of nothing that can be done is refused and leaves no trace', async () => {
    const before = await countOf('takedowns');
    const refused = await post({ items: [anItem('wxffffffffffffffff')] });
    expect(refused).toMatchObject({ status: 422, body: { code: 'nothing_accepted', errors: [{ line: 1 }] } });
    expect(await postLines([])).toMatchObject({ status: 422, body: { code: 'nothing_accepted', errors: [] } });
    expect(await countOf('takedowns')).toBe(before);
    expect(await countOf('takedown_items')).toBe(0);
  });

  it.each<[string, object]>([
    ['no selector', {}],
    ['two selectors', { items: [{ merchant: 'wx1234', msg_id: '1', article_idx: 1 }], label: 'x' }],
    ['an empty list', { items: [] }],
    ['an item with an unknown field', { items: [{ merchant: 'wx1234', msg_id: '1', articleIdx: 1 }] }],
    ['an undo of more than a day', { label: 'x', undo_seconds: 86_401 }],
  ])('with %s is refused as a whole', async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('can be stopped within its undo window, without one call', async () => {
    const { merchant, msgId } = merchants[0] ?? { merchant: '', msgId: '' };
    const { body } = await post({ items: [{ merchant, msg_id: msgId, article_idx: 1 }, anItem()], undo_seconds: 60 });
    expect(body).toMatchObject({ state: 'pending', counts: { scheduled: 2 } });
    const cancelled = await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { state: 'cancelled', cancel_code: 'requested', cancelled: 2, too_late: 0, counts: { cancelled: 2 } },
    });
    expect(await ended(body.id)).toMatchObject({ state: 'cancelled' });
    expect(await eventsOf(body.id)).toEqual([
      'takedown.created',
      'deletion.cancelled',
      'deletion.cancelled',
      'takedown.cancelled',
      'takedown.finished',
    ]);
    const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
    expect(message).toMatchObject({ delete_calls: 0 });
    expect((await system.call('POST', `/v1/takedowns/${body.id}/cancel`)).body).toMatchObject({ cancelled: 2 });
  });

  it('cannot be stopped when it is done', async () => {
    const { merchant, msgId } = merchants.splice(1, 1)[0] ?? { merchant: '', msgId: '' };
    const { body } = await post({ items: [{ merchant, msg_id: msgId, article_idx: 1 }] });
    await ended(body.id);
    const refused = await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'takedown_state_conflict' } });
  });

  it('counts what was open already, hastens it, and leaves it when cancelled', async () => {
    const target = anItem();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const open = (await system.call('POST', '/v1/deletions', { ...target, not_before: tomorrow })).body;
    const { body } = await post({ items: [target, anItem()], priority: 'urgent', undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 1, already_open: 1, counts: { scheduled: 2 } });
    const hastened = (await system.call('GET', `/v1/deletions/${open.id}`)).body;
    expect(hastened).toMatchObject({ priority: 'urgent', takedown: null, state: 'scheduled' });
    const listed = (await system.call('GET', `/v1/deletions?takedown=${body.id}`)).body.data;
    expect(listed.map(({ id }: { id: string }) => id)).toContain(open.id);
    const cancelled = await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    expect(cancelled.body).toMatchObject({ cancelled: 1, too_late: 0, counts: { cancelled: 1, scheduled: 1 } });
    await system.call('POST', `/v1/deletions/${open.id}/cancel`);
    await ended(body.id);
  });

  it('takes one target once, however often it is named', async () => {
    const target = anItem();
    const { body } = await post({
      items: [target, target, { ...target, msg_id: Number(target.msg_id) }],
      undo_seconds: 600,
    });
    expect(body).toMatchObject({ accepted: 1, already_open: 2, counts: { scheduled: 1 } });
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
  });

  it('is made once per Idempotency-Key, also when it is asked for many times at once', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const items = [anItem(), anItem()];
    const answers = await Promise.all(Array.from({ length: 8 }, () => post({ items, undo_seconds: 600 }, key)));
    for (const { status } of answers) expect([202, 409]).toContain(status);
    const again = await post({ items, undo_seconds: 600 }, key);
    expect(again.status).toBe(202);
    const made = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body.id));
    expect([...made]).toEqual([again.body.id]);
    expect(await post({ items: [anItem()] }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await countOf(`takedowns WHERE state = 'receiving'`)).toBe(0);
    await system.call('POST', `/v1/takedowns/${again.body.id}/cancel`);
  });
});

describe('a takedown as NDJSON', () => {
  it('accepts the good lines and names each bad one', async () => {
    const good = anItem();
    const accepted = await postLines(
      [
        good,
        '',
        '{"merchant":',
        `{"merchant":"${good.merchant}","msg_id":"5","article_idx":2,"article_idx":0}`,
        { ...anItem(), articleIdx: 1 },
        `{"merchant":"${'x'.repeat(70_000)}"}`,
        { ...anItem('wxffffffffffffffff') },
        `{"merchant":"${good.merchant}","msg_id":9007199254740993,"article_idx":1}`,
        anItem(),
      ],
      '?priority=urgent&reason=recall&undo_seconds=600',
    );
    expect(accepted).toMatchObject({
      status: 202,
      body: { accepted: 2, rejected: 6, priority: 'urgent', reason: 'recall', state: 'pending' },
    });
    expect(accepted.body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [3, 'malformed_body'],
      [4, 'field_repeated'],
      [5, 'invalid_request'],
      [6, 'line_too_long'],
      [7, 'merchant_not_found'],
      [8, 'msg_id_unsafe_number'],
    ]);
    await system.call('POST', `/v1/takedowns/${accepted.body.id}/cancel`);
  });

  it.each(['?undo_seconds=-1', '?dry_run=maybe', '?prority=urgent'])(
    'is refused with the options %s',
    async (query) => {
      expect(await postLines([anItem()], query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );

  it('is taken on no other route', async () => {
    const refused = await system.callText('POST', '/v1/deletions', '{}', { 'content-type': 'application/x-ndjson' });
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('has an Idempotency-Key that knows its body', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const lines = [anItem(), anItem()];
    const first = await postLines(lines, '?undo_seconds=600', key);
    const again = await postLines(lines, '?undo_seconds=600', key);
    expect(again).toMatchObject({ status: 202, body: { id: first.body.id } });
    expect(await postLines(lines.slice(1), '?undo_seconds=600', key)).toMatchObject({ status: 422 });
    await system.call('POST', `/v1/takedowns/${first.body.id}/cancel`);
  });

  it('that breaks off has done nothing', async () => {
    const line = `${JSON.stringify(anItem())}\n`;
    const socket = connect(Number(new URL(system.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/takedowns HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${system.apiKey}\r\n` +
        `Content-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n${line}`,
    );
    const newest = async () => (await system.call('GET', '/v1/takedowns?limit=1')).body.data[0];
    const receiving = await eventually(newest, ({ state }) => state === 'receiving');
    socket.destroy();
    const broken = await eventually(
      () => get(receiving.id),
      ({ state }) => state === 'cancelled',
    );
    expect(broken).toMatchObject({ cancel_code: 'upload_broken_off', accepted: 0, counts: { cancelled: 0 } });
    expect(await countOf(`takedown_items WHERE takedown_id = '${receiving.id}'`)).toBe(0);
  });

  it('whose api died is closed when it had not all arrived, and carried on when it had', async () => {
    const watch = system.runningWorker.get(TakedownWatch);
    const [silent] = await system.sql<{ id: string }>(
      `INSERT INTO takedowns (id, state, is_urgent, requested_by, request_id, heard_at)
       SELECT gen_random_uuid(), 'receiving', false, id, 'test', now() - interval '1 hour' FROM api_keys LIMIT 1 RETURNING id`,
    );
    const [cut] = await system.sql<{ id: string }>(
      `INSERT INTO takedowns (id, state, is_urgent, requested_by, request_id, heard_at, undo_seconds, undo_until)
       SELECT gen_random_uuid(), 'starting', false, id, 'test', now() - interval '1 hour', 600, now() + interval '10 minutes'
       FROM api_keys LIMIT 1 RETURNING id`,
    );
    await system.sql(
      `INSERT INTO takedown_items SELECT $1, n, gen_random_uuid(), m.id, 5000000000 + n, 1, NULL, 'msg:' || 5000000000 + n || ':1'
       FROM generate_series(1, 7) n, merchants m WHERE m.authorizer_appid = $2`,
      [cut?.id, merchants[0]?.merchant],
    );
    await watch.look();
    expect(await get(silent?.id ?? '')).toMatchObject({ state: 'cancelled', cancel_code: 'upload_broken_off' });
    expect(await get(cut?.id ?? '')).toMatchObject({ state: 'pending', accepted: 7, counts: { scheduled: 7 } });
    await system.call('POST', `/v1/takedowns/${cut?.id}/cancel`);
  });
});

describe('a key that is limited to some merchants', () => {
  it('reaches no other merchants, and sees no takedowns but those within its limits', async () => {
    const [own, other] = merchants;
    const headers = await limitedKey({ merchants: [own?.merchant ?? ''] });
    const mine = await post({ items: [anItem(own?.merchant), anItem(other?.merchant)], undo_seconds: 600 }, headers);
    expect(mine.body).toMatchObject({ accepted: 1, errors: [{ line: 2, code: 'merchant_not_found' }] });
    const others = await post({ items: [anItem(own?.merchant)], undo_seconds: 600 });
    const statuses = async (path: string) => {
      const reply: Reply = await system.call('GET', `/v1/takedowns/${others.body.id}${path}`, undefined, headers);
      return reply.status;
    };
    expect(await Promise.all(['', '/deletions', '/rejections'].map(statuses))).toEqual([404, 404, 404]);
    const cancel = await system.call('POST', `/v1/takedowns/${others.body.id}/cancel`, undefined, headers);
    expect(cancel).toMatchObject({ status: 404, body: { code: 'takedown_not_found' } });
    const listed = (await system.call('GET', '/v1/takedowns', undefined, headers)).body.data;
    expect(listed.map(({ id }: { id: string }) => id)).toEqual([mine.body.id]);
    await system.call('POST', `/v1/takedowns/${mine.body.id}/cancel`);
    await system.call('POST', `/v1/takedowns/${others.body.id}/cancel`);
  });
});
