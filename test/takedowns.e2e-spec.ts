import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { json, text } from 'node:stream/consumers';
import pg from 'pg';
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

/** One of which WeChat's push has told, with its articles. */
async function aToldMessage() {
  const merchant = await system.onboardMerchant();
  await system.sendMassMessage(merchant);
  const inventory = await eventually(
    () => system.call('GET', `/v1/mass-messages?merchant=${merchant}`),
    ({ body }) => body.data.length > 0,
  );
  return inventory.body.data[0];
}

const withoutSet7 = (appid: string) =>
  system.sql(
    `UPDATE merchants SET permission_sets = '{1}', ineligible_reasons = '{permission_set_7_not_granted}'
     WHERE authorizer_appid = $1`,
    [appid],
  );

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
    await withoutSet7(unauthorized);
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
      'takedown.cancelled',
      'deletion.cancelled',
      'deletion.cancelled',
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

  it('counts what was open already, and leaves it as it was when cancelled', async () => {
    const target = anItem();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const open = (await system.call('POST', '/v1/deletions', { ...target, not_before: tomorrow })).body;
    const { body } = await post({ items: [target, anItem()], priority: 'urgent', undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 1, already_open: 1, counts: { scheduled: 2 } });
    const listed = (await system.call('GET', `/v1/deletions?takedown=${body.id}`)).body.data;
    expect(listed.map(({ id }: { id: string }) => id)).toContain(open.id);
    const cancelled = await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    expect(cancelled.body).toMatchObject({ cancelled: 1, too_late: 0, counts: { cancelled: 1, scheduled: 1 } });
    expect((await system.call('GET', `/v1/deletions/${open.id}`)).body).toMatchObject({
      ...open,
      priority: 'normal',
      not_before: tomorrow,
      eta: expect.any(String),
    });
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

  it('says when it will be through, its undo window and what it found open included', async () => {
    const target = anItem();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const open = (await system.call('POST', '/v1/deletions', { ...target, not_before: tomorrow })).body;
    const soon = (await post({ items: [anItem()], undo_seconds: 600 })).body;
    expect(soon.eta).toBe(soon.undo_until);
    const linked = (await post({ items: [target], undo_seconds: 3_600 })).body;
    expect(linked).toMatchObject({ accepted: 0, already_open: 1, eta: linked.undo_until });
    const tried = (await post({ items: [anItem()], undo_seconds: 7_200, dry_run: true })).body;
    expect(new Date(tried.eta).getTime()).toBeGreaterThan(Date.now() + 7_000_000);
    for (const { id } of [soon, linked]) await system.call('POST', `/v1/takedowns/${id}/cancel`);
    await system.call('POST', `/v1/deletions/${open.id}/cancel`);
  });

  it('is answered in time to be stopped, also while its deletions are still being made', async () => {
    const client = new pg.Client({ connectionString: system.database.url });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE deletions IN SHARE MODE');
    const answered = await post({ items: [anItem(), anItem()], undo_seconds: 2 });
    expect(answered).toMatchObject({ status: 202, body: { state: 'receiving', accepted: 0, cancelled_at: null } });
    const cancelling = system.call('POST', `/v1/takedowns/${answered.body.id}/cancel`);
    await client.end();
    expect((await cancelling).body).toMatchObject({ state: 'cancelled', too_late: 0 });
    expect(await ended(answered.body.id)).toMatchObject({ counts: { queued: 0, succeeded: 0, failed: 0 } });
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

  it('takes articles by their addresses alone beside items', async () => {
    const told = await aToldMessage();
    const [{ url }] = told.articles;
    const accepted = await postLines(
      [
        anItem(),
        { url },
        { url: 'no address' },
        { url, article_idx: 1 },
        { msg_id: '1' },
        { merchant: told.merchant, url },
      ],
      '?undo_seconds=600',
    );
    expect(accepted).toMatchObject({ status: 202, body: { accepted: 2, already_open: 1, rejected: 3 } });
    expect(accepted.body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [3, 'url_not_an_article'],
      [4, 'invalid_request'],
      [5, 'invalid_request'],
    ]);
    const made = await system.call('GET', `/v1/takedowns/${accepted.body.id}/deletions`);
    expect(made.body.data.map(({ merchant }: { merchant: string }) => merchant)).toContain(told.merchant);
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

describe('the inventory', () => {
  const importAll = (body: unknown) => system.call('POST', '/v1/mass-messages', body);
  const listed = async (query: string) => (await system.call('GET', `/v1/mass-messages?${query}`)).body.data;

  it('takes in messages that WeChat did not tell of, and keeps what it told', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id: msgId } = told;
    const url = 'http://mp.weixin.qq.com/s/AbCdEf-1#rd';
    const one = { merchant, msg_id: '6000000001', label: 'old', title: 'Old', articles: [{ article_idx: 1, url }] };
    expect(await importAll(one)).toMatchObject({ status: 200, body: { imported: 1, rejected: 0, errors: [] } });
    const result = await importAll([
      { merchant, msg_id: msgId, label: 'spring', title: 'Spring sale' },
      { merchant: 'wxffffffffffffffff', msg_id: '1' },
      { merchant, msg_id: '0' },
      { merchant, msg_id: '6000000001', articles: [{ article_idx: 2, title: 'Second' }] },
    ]);
    expect(result.body).toMatchObject({ imported: 2, rejected: 2 });
    expect(result.body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [2, 'merchant_not_found'],
      [3, 'msg_id_invalid'],
    ]);
    expect(await listed(`merchant=${merchant}&label=spring`)).toEqual([
      { ...told, label: 'spring', title: 'Spring sale' },
    ]);
    expect(await listed('label=old')).toMatchObject([
      {
        msg_id: '6000000001',
        status: 'imported',
        finished_at: null,
        label: 'old',
        articles: [
          { article_idx: 1, url, title: null },
          { article_idx: 2, url: null, title: 'Second' },
        ],
      },
    ]);
  });

  it('replaces an imported address with all that was read from it', async () => {
    const { merchant = '' } = merchants.at(-2) ?? {};
    const first = 'https://mp.weixin.qq.com/s?__biz=UmVwbGFjZQ==&mid=81&idx=1&sn=abc';
    const importUrl = (url: string) =>
      importAll({ merchant, msg_id: '6100000001', articles: [{ article_idx: 1, url, title: 'T' }] });
    const stored = () =>
      system.sql(`SELECT url, mid, idx, sn, short_id, title FROM mass_message_articles WHERE msg_id = 6100000001`);
    await importUrl(first);
    const short = 'https://mp.weixin.qq.com/s/Replaced';
    await importUrl(short);
    const replaced = { url: short, mid: null, idx: null, sn: null, short_id: 'Replaced', title: 'T' };
    expect(await stored()).toEqual([replaced]);
    await importAll({ merchant, msg_id: '6100000001', articles: [{ article_idx: 1 }] });
    expect(await stored()).toEqual([replaced]);
    await system.sql(`UPDATE mass_messages SET status = 'send success' WHERE msg_id = 6100000001`);
    await importUrl(first);
    expect(await stored()).toEqual([replaced]);
  });

  it('refuses the address of another merchant', async () => {
    const told = await aToldMessage();
    const { merchant = '' } = merchants[0] ?? {};
    const before = await countOf('mass_messages');
    const articles = [{ article_idx: 1, url: told.articles[0].url }];
    const headers = await limitedKey({ merchants: [merchant] });
    const refused = await system.call(
      'POST',
      '/v1/mass-messages',
      { merchant, msg_id: '6200000001', articles },
      headers,
    );
    expect(refused.body).toMatchObject({ imported: 0, errors: [{ line: 1, code: 'url_of_another_merchant' }] });
    expect(await countOf('mass_messages')).toBe(before);
  });

  it('leaves an act in the audit log for each import', async () => {
    const { merchant = '' } = merchants[0] ?? {};
    const reply = await importAll([
      { merchant, msg_id: '6300000001' },
      { merchant, msg_id: '0' },
    ]);
    const noted = await system.call(
      'GET',
      `/v1/audit-events?action=mass_messages.imported&subject=${reply.headers.get('x-request-id')}`,
    );
    expect(noted.body.data).toMatchObject([{ data: { imported: 1, rejected: 1 } }]);
  });

  it('takes in NDJSON', async () => {
    const { merchant = '' } = merchants[0] ?? {};
    const lines = Array.from(
      { length: 5_000 },
      (_one, i) => `{"merchant":"${merchant}","msg_id":${7e9 + i},"label":"bulk"}`,
    );
    const text = [...lines, '{"merchant":'].join('\n');
    const reply = await system.callText('POST', '/v1/mass-messages', text, { 'content-type': 'application/x-ndjson' });
    expect(reply.body).toMatchObject({
      imported: 5_000,
      rejected: 1,
      errors: [{ line: 5_001, code: 'malformed_body' }],
    });
    const page = (await system.call('GET', '/v1/mass-messages?label=bulk&limit=200')).body;
    expect(page.data[0]).toMatchObject({ msg_id: '7000004999' });
    const next = (await system.call('GET', `/v1/mass-messages?label=bulk&limit=1&cursor=${page.next_cursor}`)).body;
    expect(next.data[0]).toMatchObject({ msg_id: '7000004799' });
  });
});

describe('a takedown by addresses', () => {
  it('finds articles however their address is spelled, and says which it cannot find', async () => {
    const message = await aToldMessage();
    const { merchant } = message;
    const url: string = message.articles[0].url;
    const parameters = new URL(url).searchParams;
    const biz = parameters.get('__biz');
    const { body } = await post({
      urls: [
        url.replace('http:', 'https:').replace('#rd', '&scene=27&chksm=abc#wechat_redirect'),
        url,
        `https://mp.weixin.qq.com/s?__biz=${biz}&mid=999999&idx=1&sn=abcdef`,
        'https://mp.weixin.qq.com/s/NobodyKnows',
        'https://example.com/a',
        'https://mp.weixin.qq.com/s?__biz=QUJD&mid=1&idx=1&sn=1',
      ],
      undo_seconds: 600,
    });
    expect(body).toMatchObject({ accepted: 2, already_open: 1, rejected: 3 });
    expect(body.errors.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [4, 'url_not_resolved'],
      [5, 'url_not_an_article'],
      [6, 'url_not_resolved'],
    ]);
    const deletions = (await system.call('GET', `/v1/takedowns/${body.id}/deletions`)).body.data;
    expect(deletions).toMatchObject([
      { merchant, url: expect.stringContaining('mid=999999'), msg_id: null },
      { merchant, msg_id: message.msg_id, article_idx: 1 },
    ]);
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
  });

  it('takes the owner’s article, not that of who has its address by mistake, and guesses between none', async () => {
    const told = await aToldMessage();
    const [one, other] = merchants.slice(-5, -3).map(({ merchant }) => merchant);
    const short = 'https://mp.weixin.qq.com/s/OfTwo';
    for (const merchant of [one, other]) {
      await system.call('POST', '/v1/mass-messages', {
        merchant,
        msg_id: '6400000001',
        articles: [{ article_idx: 1, url: short }, { article_idx: 2 }],
      });
    }
    const parameters = new URL(told.articles[0].url).searchParams;
    await system.sql(
      `UPDATE mass_message_articles SET mid = $1, idx = $2, sn = $3 WHERE msg_id = 6400000001 AND article_idx = 2`,
      ['mid', 'idx', 'sn'].map((name) => parameters.get(name)),
    );
    const { body } = await post({ urls: [told.articles[0].url, short], undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 1, errors: [{ line: 2, code: 'url_ambiguous' }] });
    for (const merchant of [one, other]) expect(body.errors[0].detail).toContain(merchant);
    const deletions = (await system.call('GET', `/v1/takedowns/${body.id}/deletions`)).body.data;
    expect(deletions).toMatchObject([{ merchant: told.merchant, msg_id: told.msg_id }]);
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    const named = await post({ items: [{ merchant: one, url: told.articles[0].url }] });
    expect(named.body).toMatchObject({ code: 'nothing_accepted', errors: [{ code: 'url_of_another_merchant' }] });
  });

  it('makes one call of an article that items name in two ways, and none of one that never went out', async () => {
    const told = await aToldMessage();
    const { merchant, msg_id } = told;
    const [{ url }] = told.articles;
    const unsent = 'https://mp.weixin.qq.com/s/NeverSent';
    const articles = [{ article_idx: 1, url: unsent }];
    await system.call('POST', '/v1/mass-messages', { merchant, msg_id: '6500000001', articles });
    await system.sql(`UPDATE mass_messages SET status = 'send fail' WHERE msg_id = 6500000001`);
    const items = [
      { merchant, url },
      { merchant, msg_id, article_idx: 1 },
      { merchant, url: url.replace('#rd', '&scene=1') },
      { merchant, url: unsent },
    ];
    const tried = await post({ items, dry_run: true });
    expect(tried.body).toMatchObject({ deletions: 1, already_open: 2, rejected: 1, shared_material: { count: 0 } });
    const { body } = await post({ items, undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 1, already_open: 2, errors: [{ line: 4, code: 'message_not_sent' }] });
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
  });

  it('makes one target of two spellings of one deletion', async () => {
    const { merchant = '' } = merchants[0] ?? {};
    const not_before = new Date(Date.now() + 3_600_000).toISOString();
    const open = async (url: string) =>
      (await system.call('POST', '/v1/deletions', { merchant, url, not_before })).body;
    const first = await open('http://mp.weixin.qq.com/s/SpelledTwice#rd');
    const again = await open('https://mp.weixin.qq.com/s/SpelledTwice?scene=1');
    expect(again).toMatchObject({ id: first.id, url: 'http://mp.weixin.qq.com/s/SpelledTwice#rd' });
    await system.call('POST', `/v1/deletions/${first.id}/cancel`);
  });
});

describe('a takedown by label', () => {
  it('takes the same part of every message, and says so first', async () => {
    const [one, other] = merchants;
    const messages = [one, other, one].map((of, i) => ({
      merchant: of?.merchant,
      msg_id: String(8_000_000_001 + i),
      label: 'recall',
    }));
    await system.call('POST', '/v1/mass-messages', messages);
    await system.sql(`UPDATE mass_messages SET status = 'err(20001)' WHERE msg_id = 8000000003`);
    const unsaid = await post({ label: 'recall', undo_seconds: 600 });
    expect(unsaid).toMatchObject({ status: 422, body: { code: 'nothing_accepted' } });
    expect(unsaid.body.errors.map(({ code }: { code: string }) => code).sort()).toEqual([
      'message_not_sent',
      'whole_message_not_confirmed',
      'whole_message_not_confirmed',
    ]);
    const { body } = await post({ label: 'recall', whole_message: true, undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 2, rejected: 1, errors: [{ code: 'message_not_sent' }] });
    const deletions = (await system.call('GET', `/v1/takedowns/${body.id}/deletions`)).body.data;
    expect(deletions.map(({ whole_message }: { whole_message: boolean }) => whole_message)).toEqual([true, true]);
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    expect(await post({ label: 'nobody uses it', whole_message: true })).toMatchObject({ status: 422 });
  });
});

describe('a dry run', () => {
  it('counts what the takedown takes where a whole message is named twice and insists only once', async () => {
    const { merchant, msg_id } = anItem();
    const whole = { merchant, msg_id, whole_message: true };
    const items = [whole, { merchant, msg_id, article_idx: 3, again: true }, { ...whole, again: true }];
    const tried = await post({ items, dry_run: true });
    expect(tried.body).toMatchObject({ deletions: 1, already_open: 2 });
    const { body } = await post({ items, undo_seconds: 600 });
    expect(body).toMatchObject({ accepted: 1, already_open: 2 });
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
  });

  it('says what would happen, and writes nothing', async () => {
    const [one, other] = merchants;
    const lost = merchants.at(-1)?.merchant ?? '';
    await withoutSet7(lost);
    const open = anItem(one?.merchant);
    const { body: deletion } = await system.call('POST', '/v1/deletions', {
      ...open,
      not_before: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const url = 'https://mp.weixin.qq.com/s?__biz=TWF0ZXJpYWw=&mid=77&idx=1&sn=abc';
    const articles = [{ article_idx: 1, url }];
    await system.call('POST', '/v1/mass-messages', [
      { merchant: one?.merchant, msg_id: '9000000001', articles },
      { merchant: one?.merchant, msg_id: '9000000002', articles },
      { merchant: one?.merchant, msg_id: '9000000003', articles },
    ]);
    // The worker may still have to tell of what other tests have cancelled.
    const cancelled = `takedowns WHERE state = 'cancelled' AND finished_at IS NULL`;
    await eventually(
      () => countOf(cancelled),
      (count) => count === 0,
    );
    // Acts wait in the inbox until a worker chains them.
    const acts = '(SELECT FROM audit_inbox UNION ALL SELECT FROM audit_events) AS acts';
    const tables = ['takedowns', 'takedown_items', 'deletions', 'events', acts];
    const before = await Promise.all(tables.map(countOf));
    const items = [
      open,
      { merchant: one?.merchant, msg_id: '9000000001', article_idx: 1 },
      { merchant: one?.merchant, msg_id: '9000000002', whole_message: true },
      ...Array.from({ length: 17 }, () => anItem(other?.merchant)),
      anItem(lost),
      anItem(lost),
      anItem('wxffffffffffffffff'),
    ];
    const tried = await post({ items, dry_run: true });
    expect(tried).toMatchObject({
      status: 200,
      body: {
        dry_run: true,
        deletions: 19,
        merchants: 2,
        whole_messages: 1,
        already_open: 1,
        rejected: 3,
        ineligible: {
          items: 2,
          merchants: 1,
          list: [{ merchant: lost, items: 2, reasons: ['permission_set_7_not_granted'] }],
        },
        // Eight of ten a day are for normal deletions.
        days_of_quota: 3,
        slowest: [
          { merchant: other?.merchant, deletions: 17, eta: tried.body.eta },
          { merchant: one?.merchant, deletions: 2 },
        ],
        shared_material: { count: 1, list: [{ merchant: one?.merchant, msg_id: '9000000003', article_idx: 1 }] },
      },
    });
    expect(new Date(tried.body.eta).getTime()).toBeGreaterThan(Date.now() + 24 * 3_600_000);
    const asLines = await postLines(items, '?dry_run=true&priority=urgent');
    expect(asLines).toMatchObject({ status: 200, body: { deletions: 19, already_open: 1, days_of_quota: 2 } });
    expect(await Promise.all(tables.map(countOf))).toEqual(before);
    await system.call('POST', `/v1/deletions/${deletion.id}/cancel`);
  });
});

describe('the proof', () => {
  it.each(['', '?format=csv', '?format=json'])('of a takedown can be checked by anybody %s', async (query) => {
    const { merchant = '', msgId = '' } = merchants.splice(1, 1)[0] ?? {};
    const bad = anItem(merchant);
    const { body } = await post({ items: [{ merchant, msg_id: msgId, article_idx: 1 }, bad], reason: '=1+1' });
    await ended(body.id);
    const reply = await fetch(`${system.url}/v1/takedowns/${body.id}/proof${query}`, {
      headers: { authorization: `Bearer ${system.apiKey}` },
    });
    const text = await reply.text();
    expect(await system.judged(text)).toMatch(/^ok: 2 deletions/);
    expect(await system.judged(text.replace('succeeded', 'failed'))).toMatch(/^not ok: line \d/);
    const noted = await system.call('GET', `/v1/audit-events?action=takedown.proof_exported&subject=${body.id}`);
    expect(noted.body.data).toMatchObject([{ data: { count: 2, format: query.split('=')[1] ?? 'ndjson' } }]);
    expect(await system.judged(text, noted.body.data[0].data.last_hash)).toMatch(/^ok: 2 deletions/);
    if (query !== '') return;
    const [header, first, second, trailer, signature] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({
      type: 'header',
      subject: 'takedown',
      id: body.id,
      state: 'finished',
      reason: '=1+1',
    });
    expect(first).toMatchObject({
      merchant,
      msg_id: msgId,
      proof: 'acknowledged',
      requested_by: header.requested_by,
      calls: [
        {
          operation: 'mass/delete',
          request: { msg_id: msgId, article_idx: 1 },
          outcome: 'accepted',
          http_status: 200,
          finished_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    expect(second).toMatchObject({ msg_id: bad.msg_id, state: 'failed', calls: [{ errcode: 40059 }] });
    expect(trailer).toMatchObject({ type: 'trailer', count: 2 });
    expect(signature).toMatchObject({
      type: 'signature',
      subject: 'takedown',
      id: body.id,
      count: 2,
      prev_hash: trailer.hash,
    });
    const deletion = await system.call('GET', `/v1/deletions/${first.id}/proof`);
    expect(deletion.body.data.map(({ type }: { type: string }) => type)).toEqual([
      'header',
      'deletion',
      'trailer',
      'signature',
    ]);
    const asCsv = await system.call('GET', `/v1/deletions/${first.id}/proof`, undefined, { accept: 'text/csv' });
    expect(await system.judged(asCsv.body)).toMatch(/^ok: 1 deletion,/);
    expect(asCsv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  });
});

interface ServerSent {
  id: string;
  event: string;
  data: any;
}

/** Reads a takedown's stream of events. @param isEnough after which it goes away; else it reads to the end */
async function follow(
  id: string,
  { lastEventId, isEnough = () => false }: { lastEventId?: string; isEnough?: (seen: ServerSent[]) => boolean } = {},
): Promise<ServerSent[]> {
  const away = new AbortController();
  const response = await fetch(`${system.url}/v1/takedowns/${id}/events`, {
    headers: { authorization: `Bearer ${system.apiKey}`, ...(lastEventId && { 'last-event-id': lastEventId }) },
    signal: away.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const seen: ServerSent[] = [];
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const pieces = text.split('\n\n');
    text = pieces.pop() ?? '';
    for (const piece of pieces) {
      const [, eventId = '', event = '', data = ''] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(piece) ?? [];
      seen.push({ id: eventId, event, data: JSON.parse(data) });
    }
    if (isEnough(seen)) break;
  }
  away.abort();
  return seen;
}

describe('the events of a takedown', () => {
  it('tell of progress and of each deletion, and end with it; nothing is missed by who comes back', async () => {
    const items = [anItem(), anItem(), anItem()];
    const { body } = await post({ items, undo_seconds: 2 });
    const isCutOff = (seen: ServerSent[]) => seen.length > 0;
    const first = await follow(body.id, { isEnough: isCutOff });
    expect(first[0]).toMatchObject({ event: 'progress', data: { state: 'pending', counts: { scheduled: 3 } } });
    await ended(body.id);
    const rest = await follow(body.id, { lastEventId: first.at(-1)?.id ?? '' });
    const deletions = rest.filter(({ event }) => event === 'deletion');
    expect(deletions.map(({ data }) => data.type)).toEqual(Array(3).fill('deletion.failed'));
    expect(rest.at(-1)).toMatchObject({
      event: 'finished',
      data: { state: 'finished', counts: { failed: 3 }, finished_at: expect.stringMatching(/Z$/) },
    });
    const again = await follow(body.id, { lastEventId: deletions[1]?.id ?? '' });
    expect(again.filter(({ event }) => event === 'deletion')).toEqual([deletions[2]]);
    expect((await follow(body.id)).at(-1)).toMatchObject({ event: 'finished' });
  });

  it('refuse an id that no event has', async () => {
    const { body } = await post({ items: [anItem()] });
    const path = `/v1/takedowns/${body.id}/events`;
    const refused = await system.call('GET', path, undefined, { 'last-event-id': 'no-cursor' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'feed_cursor_invalid' } });
  });

  describe('of one key', () => {
    const opened: IncomingMessage[] = [];
    afterEach(() => opened.splice(0).forEach((stream) => stream.destroy()));
    /** On a connection of its own, which goes away with it. */
    const open = (id: string, headers: Record<string, string>) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request(`${system.url}/v1/takedowns/${id}/events`, { headers, agent: false }, (stream) => {
          opened.push(stream);
          resolve(stream);
        });
        asked.once('error', reject).end();
      });
    const aLongOne = async (key: Record<string, string>): Promise<string> =>
      (await post({ items: [anItem()], undo_seconds: 3_600 }, key)).body.id;
    const aKey = () => limitedKey({ merchants: merchants.map(({ merchant }) => merchant) });

    it('are twenty at a time, and places become free', async () => {
      const key = await aKey();
      const id = await aLongOne(key);
      for (let streams = 0; streams < 20; streams++) expect((await open(id, key)).statusCode).toBe(200);
      const refused = await open(id, key);
      expect([refused.statusCode, await json(refused)]).toMatchObject([429, { code: 'rate_limited' }]);
      expect((await open(id, await aKey())).statusCode).toBe(200);
      opened[0]?.destroy();
      await eventually(
        async () => (await open(id, key)).statusCode,
        (status) => status === 200,
      );
    });

    it.each(['revoked_at', 'expires_at'])('end when its %s comes', async (column) => {
      const key = await aKey();
      const stream = await open(await aLongOne(key), key);
      expect(stream.statusCode).toBe(200);
      const [, secret = ''] = (key['authorization'] ?? '').split(' ');
      const hash = createHash('sha256').update(secret).digest('base64url');
      await system.sql(`UPDATE api_keys SET ${column} = now() WHERE key_hash = $1`, [hash]);
      // To its end: without one this never comes back.
      expect(await text(stream)).not.toContain('event: finished');
    });
  });

  it('do not keep the api from closing', async () => {
    const shared = system;
    system = await System.start({ withWorker: false });
    const [running] = await system.sql<{ id: string }>(
      `INSERT INTO takedowns (id, state, is_urgent, requested_by, request_id)
       SELECT gen_random_uuid(), 'running', false, id, 'test' FROM api_keys LIMIT 1 RETURNING id`,
    );
    let isOpen = false;
    const reading = follow(running?.id ?? '', { isEnough: () => !(isOpen = true) });
    await eventually(() => Promise.resolve(isOpen), Boolean);
    await system.close();
    system = shared;
    expect((await reading).map(({ event }) => event)).toEqual(['progress']);
  });
});
