import { randomBytes } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { hashOfEvent, verifyChain, type AuditEvent } from '@app/access';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
});
afterAll(() => system.close());

async function aKey(wish: object): Promise<{ authorization: string; id: string }> {
  const { status, body } = await system.call('POST', '/v1/api-keys', { name: 'for a list', role: 'viewer', ...wish });
  expect(status).toBe(201);
  return { authorization: `Bearer ${body.key}`, id: body.id };
}
const as = ({ authorization }: { authorization: string }) => ({ authorization });

const table = (text: string): Record<string, string>[] =>
  parse(text, { columns: true, bom: true, record_delimiter: '\r\n' });

describe('who asks', () => {
  it.each(['admin', 'operator', 'viewer', 'tokens'])(
    'is told to a key of the role %s, without the key',
    async (role) => {
      const key = await aKey({ role, merchants: ['wxaaaaaaaaaaaaaaaa'], expires_at: '2099-12-31T16:00:00Z' });
      const { status, body } = await system.call('GET', '/v1/me', undefined, as(key));
      expect({ status, body }).toMatchObject({
        status: 200,
        body: {
          id: key.id,
          name: 'for a list',
          role,
          platforms: null,
          merchants: ['wxaaaaaaaaaaaaaaaa'],
          tenant: expect.any(String),
          state: 'active',
          expires_at: '2099-12-31T16:00:00.000Z',
        },
      });
      expect(body).not.toHaveProperty('key');
      expect(JSON.stringify(body)).not.toContain(key.authorization.slice(-20));
    },
  );

  it('is told to the key that has no limits and no end', async () => {
    const { body } = await system.call('GET', '/v1/me');
    expect(body).toMatchObject({ role: 'admin', platforms: null, merchants: null, tenant: null, expires_at: null });
  });
});

describe('the audit log as a file', () => {
  const exported = (query = '', headers: Record<string, string> = {}) =>
    system.call('GET', `/v1/audit-events/export${query}`, undefined, headers);
  /** A row as it is chained. */
  const rowOf = ({ subject, ...row }: any): AuditEvent => ({
    seq: row.seq,
    at: new Date(row.at),
    apiKeyId: row.api_key_id,
    role: row.role,
    action: row.action,
    subjectType: subject.type,
    subjectId: subject.id,
    componentAppid: row.component_appid,
    authorizerAppid: row.authorizer_appid,
    requestId: row.request_id,
    ip: row.ip,
    data: row.data,
    prevHash: row.prev_hash,
    hash: row.hash,
  });

  it('is a chain that can be checked without the database, and the export is in it', async () => {
    const reply = await exported();
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/x-ndjson');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="audit-events.ndjson"');
    const lines = reply.body.trimEnd().split('\n');
    const rows = lines.map((line: string) => rowOf(JSON.parse(line)));
    expect(verifyChain(rows)).toEqual({ ok: true, lastHash: rows.at(-1)?.hash });
    expect(rows.at(-1)).toMatchObject({ action: 'audit_log.exported', data: { format: 'ndjson' } });
  });

  it('is in the log with its filters, and not where only the head of the answer is asked for', async () => {
    const filter = {
      action: 'audit_log.exported',
      subject: 'nothing',
      api_key_id: '01a00000-0000-7000-8000-000000000001',
    };
    const told = async () =>
      (await system.call('GET', '/v1/audit-events?action=audit_log.exported&limit=100')).body.data;
    const before = await told();
    const query = `?${new URLSearchParams(filter).toString()}`;
    expect(await system.call('HEAD', `/v1/audit-events/export${query}`)).toMatchObject({ status: 200 });
    expect(await told()).toEqual(before);
    await exported(query);
    const [act, ...rest] = await told();
    expect([act.data, rest]).toEqual([{ format: 'ndjson', ...filter }, before]);
  });

  it('has the same in CSV', async () => {
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const reply = await exported(`?since=${since}`, { accept: 'text/csv' });
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="audit-events.csv"');
    const rows = table(reply.body);
    // Tabs mark what would be taken for a number.
    const cells = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell.trim()])));
    for (const row of cells as Record<string, string>[]) {
      const subject = { type: row.subject_type, id: row.subject_id };
      const names = { component_appid: row.component_appid || null, authorizer_appid: row.authorizer_appid || null };
      const told = rowOf({ ...row, ...names, subject, data: JSON.parse(row.data ?? '') });
      expect(hashOfEvent(told, told.prevHash)).toBe(told.hash);
    }
    expect(cells.at(-1)).toMatchObject({ action: 'audit_log.exported', data: expect.stringContaining(since) });
    expect((await exported('?format=csv')).headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(await exported('?format=xml')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('has what a key with limits may see', async () => {
    const limits = { role: 'admin', platforms: ['wxaaaaaaaaaaaaaaaa'] };
    const key = await aKey(limits);
    const seen = { action: 'audit_log.exported', api_key_id: key.id, component_appid: 'wxaaaaaaaaaaaaaaaa' };
    for (const times of [1, 2]) {
      const lines = (await exported('', as(key))).body.trimEnd().split('\n');
      expect(lines.map((line: string) => JSON.parse(line))).toMatchObject(Array(times).fill(seen));
    }
  });
});

describe('the merchants as CSV', () => {
  it('are all there, with the links by which they authorize again, and no cell runs as a formula', async () => {
    const ref = `=HYPERLINK("http://x.example"),"${randomBytes(4).toString('hex')}"\r\n2`;
    const [appid, other] = [await system.onboardMerchant(), await system.onboardMerchant()];
    expect((await system.call('PATCH', `/v1/merchants/${appid}`, { ref })).status).toBe(200);
    const listed = async (query: string) => {
      const reply = await system.call('GET', `/v1/merchants?${query}`, undefined, { accept: 'text/csv' });
      expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(reply.headers.get('content-disposition')).toBe('attachment; filename="reauthorize-urls.csv"');
      return table(reply.body);
    };
    const rows = await listed('limit=1');
    expect(rows.map((row) => row.appid)).toEqual(expect.arrayContaining([appid, other]));
    const { body } = await system.call('GET', `/v1/merchants/${appid}`);
    expect(rows.find((row) => row.appid === appid)).toMatchObject({
      component_appid: PLATFORM.component_appid,
      ref: `'${ref}`,
      state: 'authorized',
      eligible: 'true',
      reauthorize_url: body.reauthorize_url,
    });
    expect(await listed(`ref=${encodeURIComponent(ref)}`)).toHaveLength(1);
    expect(await listed('state=unauthorized')).toEqual([]);
    const key = await aKey({ merchants: [other] });
    const { body: text } = await system.call('GET', '/v1/merchants', undefined, { ...as(key), accept: 'text/csv' });
    expect(table(text).map((row) => row.appid)).toEqual([other]);
    const page = await system.call('GET', '/v1/merchants?limit=1', undefined, { accept: 'application/json, text/csv' });
    expect(page.body.data).toHaveLength(1);
  });
});

describe('the inventory', () => {
  it('tells which articles a deletion took back, and which one', async () => {
    const merchant = await system.onboardMerchant();
    const articles = [{ title: 'one' }, { title: 'two' }];
    const [some, all] = [
      await system.sendMassMessage(merchant, { articles }),
      await system.sendMassMessage(merchant, { articles }),
    ];
    const listed = async () => {
      const { body } = await system.call('GET', `/v1/mass-messages?merchant=${merchant}`);
      return Object.fromEntries(body.data.map((message: any) => [message.msg_id, message]));
    };
    await eventually(listed, (found) => some in found && all in found);
    const nothing = { deleted_at: null, deleted_by: null };
    expect((await listed())[some]).toMatchObject({ ...nothing, articles: [nothing, nothing] });

    const deletions: any[] = [];
    for (const wish of [
      { msg_id: some, article_idx: 2 },
      { msg_id: all, whole_message: true },
    ]) {
      const { body } = await system.call('POST', '/v1/deletions', { merchant, ...wish });
      deletions.push(
        await eventually(
          async () => (await system.call('GET', `/v1/deletions/${body.id}`)).body,
          ({ state }) => state === 'succeeded',
        ),
      );
    }
    const [one, whole] = deletions.map(({ id, finished_at }) => ({ deleted_at: finished_at, deleted_by: id }));
    const found = await listed();
    expect(found[some]).toMatchObject({ ...nothing, articles: [nothing, one] });
    expect(found[all]).toMatchObject({ ...whole, articles: [whole, whole] });
  });
});

describe('what lists filter by', () => {
  it('finds deletions by the errcode in which they ended, and tells the title of an article that is known', async () => {
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant, { push: false, articles: [{ is_rumour: true }, {}] });
    const articles = [{ article_idx: 2, title: '清仓大甩卖', url: 'https://mp.weixin.qq.com/s/of-a-title' }];
    await system.call('POST', '/v1/mass-messages', { merchant, msg_id: msgId, title: 'of the message', articles });
    const ids = await Promise.all(
      [1, 2].map(async (article_idx) => {
        const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx });
        return body.id as string;
      }),
    );
    const [rumour, titled] = await Promise.all(ids.map((id) => system.finished(id)));
    expect(rumour.outcome.errcode).toBe(40204);
    expect([rumour.title, titled.title]).toEqual([undefined, '清仓大甩卖']);
    const found = async (query: string) =>
      (await system.call('GET', `/v1/deletions?merchant=${merchant}&${query}`)).body.data.map(({ id }: any) => id);
    expect(await found('errcode=40204')).toEqual([rumour.id]);
    expect(await found('errcode=0')).toEqual([titled.id]);
    expect(await found('errcode=-1')).toEqual([]);
    expect((await system.call('GET', '/v1/deletions?errcode=many')).status).toBe(400);
    const elsewhere = await aKey({ merchants: ['wxaaaaaaaaaaaaaaaa'] });
    expect((await system.call('GET', '/v1/deletions?errcode=40204', undefined, as(elsewhere))).body.data).toEqual([]);
  });

  it.each([
    ['unauthorized', { state: 'unauthorized' }],
    ['reauthorization_required', { state: 'reauthorization_required' }],
    ['not_verified', { state: 'authorized' }],
    ['account_frozen', { state: 'authorized' }],
  ])('finds the merchants that cannot be served for the reason %s', async (reason, { state }) => {
    const merchant = await system.onboardMerchant();
    const found = async () =>
      (await system.call('GET', `/v1/merchants?reason=${reason}`)).body.data.map(({ appid }: any) => appid);
    expect(await found()).not.toContain(merchant);
    const reasons = state === 'authorized' ? ['not_an_official_account', reason] : [reason];
    await system.sql(`UPDATE merchants SET state = $2, ineligible_reasons = $3 WHERE authorizer_appid = $1`, [
      merchant,
      state,
      reasons,
    ]);
    expect(await found()).toContain(merchant);
  });
});
