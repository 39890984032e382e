import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { eventually } from './support/eventually.js';
import { PLATFORM, System, type Reply } from './support/system.js';

const ARTICLE = 'https://mp.weixin.qq.com/s/AbC-12';
const MAX_INT64 = '9223372036854775807';

let system: System;
/** Of the merchant that most tests ask about; no worker runs, so what is accepted stays open. */
let merchant: string;
let lastMsgId = 5_000_000_000;

beforeAll(async () => {
  system = await System.start({ withWorker: false });
  await system.registerPlatform();
  merchant = await grantedMerchant();
});
afterAll(() => system.close());

/** An account whose grant is stored straight away: the authorization itself is another test's matter. */
async function grantedMerchant(row: Record<string, unknown> = {}): Promise<string> {
  const appid = `wx${randomBytes(8).toString('hex')}`;
  const columns = { permission_sets: [7], service_type: 2, verify_type: 0, account_status: 1, ...row };
  const names = Object.keys(columns);
  await system.sql(
    `INSERT INTO merchants (id, platform_id, authorizer_appid, state, ${names.join(', ')})
     SELECT gen_random_uuid(), id, $1, 'authorized', ${names.map((_name, i) => `$${i + 2}`).join(', ')} FROM platforms`,
    [appid, ...Object.values(columns)],
  );
  return appid;
}

const newMsgId = () => String(++lastMsgId);
const post = (body: object, headers?: Record<string, string>) =>
  system.call('POST', '/v1/deletions', { merchant, ...body }, headers);
/** `target` as it stands in the JSON text, where numbers may have more digits than JavaScript's. */
const postText = (target: string) => system.callText('POST', '/v1/deletions', `{"merchant":"${merchant}",${target}}`);
const anArticle = () => ({ msg_id: newMsgId(), article_idx: 1 });
const countOf = async (where: string, parameters: unknown[] = []) =>
  (await system.sql<{ count: number }>(`SELECT count(*)::int FROM deletions WHERE ${where}`, parameters))[0]?.count;
const problem = ({ status, headers, body }: Reply) => ({
  status,
  type: headers.get('content-type')?.split(';')[0],
  code: body.code,
});
const aProblem = (status: number, code: string) => ({ status, type: 'application/problem+json', code });

describe('POST /v1/deletions', () => {
  it('accepts one article and tells all about the deletion', async () => {
    const accepted = await post({
      msg_id: '3147483661',
      article_idx: 2,
      priority: 'urgent',
      reason: 'wrong price',
      metadata: { ticket: 'T-1' },
    });
    expect(accepted.status).toBe(202);
    expect(accepted.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      merchant,
      component_appid: 'wx0123456789abcdef',
      msg_id: '3147483661',
      article_idx: 2,
      whole_message: false,
      url: null,
      state: 'queued',
      waiting_for: null,
      waiting_until: null,
      priority: 'urgent',
      not_before: null,
      reason: 'wrong price',
      metadata: { ticket: 'T-1' },
      outcome: null,
      proof: 'none',
      proof_note: null,
      takedown: null,
      try_anyway: false,
      attempts: 0,
      created_at: expect.stringMatching(/Z$/),
      finished_at: null,
    });
    const read = await system.call('GET', `/v1/deletions/${accepted.body.id}`);
    expect(read).toMatchObject({ status: 200, body: accepted.body });
    const attempts = await system.call('GET', `/v1/deletions/${accepted.body.id}/attempts`);
    expect(attempts).toMatchObject({ status: 200, body: { data: [] } });
  });

  it.each<[string, string, object]>([
    ['a confirmed whole message', `"msg_id":4001,"whole_message":true`, { article_idx: 0, whole_message: true }],
    ['article 0 when confirmed', `"msg_id":4002,"article_idx":0,"whole_message":true`, { article_idx: 0 }],
    ['a url', `"url":"${ARTICLE}"`, { url: ARTICLE, msg_id: null, article_idx: null, whole_message: false }],
    ['the largest msg_id in digits', `"msg_id":"${MAX_INT64}","article_idx":1`, { msg_id: MAX_INT64 }],
    [
      'a msg_id that JSON numbers cannot hold, in digits',
      `"msg_id":"9007199254740993","article_idx":1`,
      {
        msg_id: '9007199254740993',
      },
    ],
    [
      'the largest msg_id that a JSON number holds',
      `"msg_id":9007199254740991,"article_idx":1`,
      {
        msg_id: '9007199254740991',
      },
    ],
    [
      'a msg_id with an ignored url',
      `"msg_id":4003,"article_idx":1,"url":"${ARTICLE}"`,
      {
        ignored: ['url'],
        url: null,
        msg_id: '4003',
      },
    ],
    [
      'what is to come, with all that may be said of it',
      `"msg_id":"4005","article_idx":3,"priority":"urgent","reason":"wrong \\u4ef7","metadata":{"b":"2","a":"1"},
       "not_before":"${new Date(Date.now() + 3_600_000).toISOString().replace('Z', '+00:00')}"`,
      { msg_id: '4005', state: 'scheduled', reason: 'wrong 价' },
    ],
  ])('accepts %s, and tells what is read afterwards', async (_what, target, expected) => {
    const accepted = await postText(target);
    expect(accepted).toMatchObject({ status: 202, body: expected });
    const { ignored: _ignored, ...told } = accepted.body;
    expect(await readAgain(told.id)).toEqual(told);
  });

  const SHUT = `INSERT INTO merchant_pacing (merchant_id, blocked_until, blocked_for)
    SELECT id, now() + interval '1 hour', 'daily_quota' FROM merchants WHERE authorizer_appid = $1`;
  const HELD = `INSERT INTO platform_holds (platform_id, reason, probe_at)
    SELECT platform_id, 'platform_broken', now() + interval '2 hours' FROM merchants WHERE authorizer_appid = $1`;
  const waits = (reason: string) => ({ state: 'waiting', waiting_for: reason, waiting_until: expect.any(String) });
  const waitsNot = (state: string) => ({ state, waiting_for: null, waiting_until: null });
  it.each<[string, string, object, object]>([
    ['its lane is shut', SHUT, {}, waits('daily_quota')],
    ['its lane is shut to all but urgent ones', SHUT, { priority: 'urgent' }, waitsNot('queued')],
    [
      'its lane is shut to urgent ones, too',
      `INSERT INTO merchant_pacing (merchant_id, blocked_until, urgent_blocked_until, blocked_for)
       SELECT id, now() + interval '1 hour', now() + interval '2 hours', 'rate_limit' FROM merchants WHERE authorizer_appid = $1`,
      { priority: 'urgent' },
      waits('rate_limit'),
    ],
    ['its platform is held', HELD, {}, waits('platform')],
    ['its platform is held and its lane is shut', `WITH shut AS (${SHUT}) ${HELD}`, {}, waits('platform')],
    [
      'its lane is shut and it is to come later',
      SHUT,
      { not_before: new Date(Date.now() + 3_600_000).toISOString() },
      waitsNot('scheduled'),
    ],
  ])('tells at once, when %s, what is read afterwards', async (_when, shut, more, expected) => {
    const waiting = await grantedMerchant();
    try {
      await system.sql(shut, [waiting]);
      const { body: told } = await post({ merchant: waiting, ...anArticle(), ...more });
      expect(told).toMatchObject(expected);
      expect(await readAgain(told.id)).toEqual(told);
    } finally {
      await system.sql(
        `DELETE FROM platform_holds
         WHERE platform_id = (SELECT platform_id FROM merchants WHERE authorizer_appid = $1)`,
        [waiting],
      );
    }
  });

  /** Without what only a single read tells. */
  async function readAgain(id: string): Promise<object> {
    const { eta: _eta, merchant_name, requested_by, ...read } = (await system.call('GET', `/v1/deletions/${id}`)).body;
    expect([merchant_name, requested_by?.name]).toEqual([null, 'bootstrap']);
    return read;
  }

  it.each<[string, string, string]>([
    ['target_missing', 'nothing is named', `"reason":"x"`],
    ['whole_message_not_confirmed', 'article_idx is absent', `"msg_id":1`],
    ['whole_message_not_confirmed', 'article_idx is 0', `"msg_id":1,"article_idx":0`],
    ['whole_message_not_confirmed', 'the whole message is denied', `"msg_id":1,"whole_message":false`],
    ['whole_message_contradicts_article_idx', 'both are asked for', `"msg_id":1,"article_idx":1,"whole_message":true`],
    ['article_idx_needs_msg_id', 'a url has an article_idx', `"url":"${ARTICLE}","article_idx":1`],
    ['whole_message_needs_msg_id', 'a url has whole_message', `"url":"${ARTICLE}","whole_message":true`],
    ['url_not_an_article', 'the url is of another site', `"url":"https://example.com/s/a"`],
    ['msg_id_unsafe_number', 'a number is above 2^53-1', `"msg_id":9007199254740993,"article_idx":1`],
    ['msg_id_unsafe_number', 'a number is 2^63-1', `"msg_id":${MAX_INT64},"article_idx":1`],
    ['msg_id_invalid', 'it is above 2^63-1', `"msg_id":"9223372036854775808","article_idx":1`],
    ['msg_id_invalid', 'it is 0', `"msg_id":0,"article_idx":1`],
    ['msg_id_invalid', 'it is negative', `"msg_id":-1,"article_idx":1`],
    ['msg_id_invalid', 'it is a fraction', `"msg_id":1.5,"article_idx":1`],
    ['msg_id_invalid', 'it is a word', `"msg_id":"abc","article_idx":1`],
    ['msg_id_invalid', 'it is empty', `"msg_id":"","article_idx":1`],
    ['msg_id_invalid', 'it holds a NUL', `"msg_id":"1\\u0000","article_idx":1`],
  ])('refuses with %s when %s', async (code, _when, target) => {
    expect(problem(await postText(target))).toEqual(aProblem(422, code));
  });

  it.each<[string, string, string]>([
    ['an unknown field', `"msg_id":1,"article_idx":1,"articleIdx":1`, 'articleIdx'],
    ['a msg_id that is a list', `"msg_id":[1],"article_idx":1`, 'msg_id'],
    ['a msg_id that is null', `"msg_id":null,"article_idx":1`, 'msg_id'],
    ['a msg_id that is infinite', `"msg_id":1e400,"article_idx":1`, 'msg_id'],
    ['a msg_id of a thousand digits', `"msg_id":"${'1'.repeat(1000)}","article_idx":1`, 'msg_id'],
    ['an article_idx in quotes', `"msg_id":1,"article_idx":"1"`, 'article_idx'],
    ['a negative article_idx', `"msg_id":1,"article_idx":-1`, 'article_idx'],
    ['a fractional article_idx', `"msg_id":1,"article_idx":1.5`, 'article_idx'],
    ['whole_message in quotes', `"msg_id":1,"whole_message":"true"`, 'whole_message'],
    ['a url that is a number', `"url":5`, 'url'],
    ['an unknown priority', `"msg_id":1,"article_idx":1,"priority":"high"`, 'priority'],
    ['a not_before without a zone', `"msg_id":1,"article_idx":1,"not_before":"2026-11-22T10:00:00"`, 'not_before'],
    ['a not_before years ahead', `"msg_id":1,"article_idx":1,"not_before":"2999-01-01T00:00:00Z"`, 'not_before'],
    ['a reason that is too long', `"msg_id":1,"article_idx":1,"reason":"${'x'.repeat(501)}"`, 'reason'],
    ['metadata that is nested', `"msg_id":1,"article_idx":1,"metadata":{"a":{"b":"c"}}`, 'metadata.a'],
    [
      'metadata with many entries',
      `"msg_id":1,"article_idx":1,"metadata":{${Array.from({ length: 51 }, (_one, i) => `"k${i}":""`).join()}}`,
      'metadata',
    ],
    ['metadata with a huge value', `"msg_id":1,"article_idx":1,"metadata":{"a":"${'x'.repeat(501)}"}`, 'metadata.a'],
  ])('refuses %s and names the field', async (_what, target, field) => {
    const refused = await postText(target);
    expect(problem(refused)).toEqual(aProblem(400, 'invalid_request'));
    expect(refused.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  describe.each([
    ['a NUL', '\\u0000'],
    ['the first half of a character', '\\ud83d'],
    ['the second half of a character', '\\ude00'],
  ])('refuses %s', (_what, character) => {
    it.each([
      ['the reason', `"reason":"a${character}b"`],
      ['a value of the metadata', `"metadata":{"a":"${character}"}`],
      ['a name in the metadata', `"metadata":{"a${character}":"b"}`],
      ['an ignored url', `"url":"${ARTICLE}${character}"`],
    ])('in %s, for it could not be stored', async (_where, field) => {
      const refused = await postText(`"msg_id":"${newMsgId()}","article_idx":1,${field}`);
      expect(problem(refused)).toEqual(aProblem(400, 'invalid_request'));
    });
  });

  it('keeps every other character as it came', async () => {
    const reason = '价格错误 😀 \t\n\u0001\uffff "\\';
    const accepted = await post({ ...anArticle(), reason, metadata: { '键 😀': reason } });
    expect(accepted).toMatchObject({ status: 202, body: { reason, metadata: { '键 😀': reason } } });
  });

  it.each([
    ['no JSON', `{"merchant":`, 400, 'malformed_body'],
    ['nothing', '', 400, 'malformed_body'],
    ['a list', '[]', 400, 'invalid_request'],
    ['null', 'null', 400, 'invalid_request'],
    ['one field twice', `{"merchant":"wx1234","msg_id":"1","article_idx":2,"article_idx":0}`, 400, 'field_repeated'],
    ['deeper than 32 levels', `{"metadata":${'{"a":'.repeat(32)}1${'}'.repeat(32)}}`, 400, 'body_too_deep'],
    ['a huge number', `{"merchant":"wx1234","msg_id":1e400}`, 400, 'invalid_request'],
    ['a msg_id that would be rounded', `{"msg_id":3147483661.00000000001}`, 400, 'invalid_request'],
    ['more than a megabyte', `{"reason":"${'x'.repeat(1024 * 1024)}"}`, 413, 'payload_too_large'],
    ['a prototype', `{"__proto__":{"merchant":"wx1234"}}`, 400, 'malformed_body'],
  ])('refuses a body that is %s', async (_what, text, status, code) => {
    expect(problem(await system.callText('POST', '/v1/deletions', text))).toEqual(aProblem(status, code));
  });

  it('refuses a body that is no JSON by its type', async () => {
    const refused = await system.callText('POST', '/v1/deletions', 'merchant=a', { 'content-type': 'text/csv' });
    expect(problem(refused)).toEqual(aProblem(415, 'unsupported_media_type'));
  });

  it('says where a field is that is there twice', async () => {
    const refused = await system.callText('POST', '/v1/deletions', `{"metadata":{"a":"1","a":"2"}}`);
    expect(refused.body).toMatchObject({ code: 'field_repeated', offset: 21, errors: [{ field: 'metadata.a' }] });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=gbk'])(
    'refuses a body as %s',
    async (type) => {
      const refused = await system.callText('POST', '/v1/deletions', '{}', { 'content-type': type });
      expect(problem(refused)).toEqual(aProblem(415, 'unsupported_media_type'));
    },
  );

  it.each(['utf-8', 'UTF8', '"utf8"'])('reads a body with the charset %s', async (charset) => {
    const type = `application/json; charset=${charset}`;
    const read = await system.callText('POST', '/v1/deletions', '{}', { 'content-type': type });
    expect(problem(read)).toEqual(aProblem(400, 'invalid_request'));
  });

  it('refuses a body that is not UTF-8', async () => {
    const response = await fetch(`${system.url}/v1/deletions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(await response.json()).toMatchObject({ status: 400, code: 'body_not_utf8', offset: 1 });
  });

  it('knows no merchant that never authorized', async () => {
    const refused = await post({ merchant: 'wxffffffffffffffff', ...anArticle() });
    expect(problem(refused)).toEqual(aProblem(404, 'merchant_not_found'));
  });

  it.each<[string[], Record<string, unknown>]>([
    [['permission_set_7_not_granted'], { permission_sets: [1, 11] }],
    [['not_verified'], { verify_type: -1 }],
    [['not_an_official_account'], { is_mini_program: true }],
    [['account_frozen'], { account_status: 19 }],
    [['permission_set_7_not_granted', 'not_verified'], { permission_sets: [], verify_type: -1 }],
  ])('refuses a merchant for %j', async (reasons, row) => {
    const refused = await post({
      merchant: await grantedMerchant({ ...row, ineligible_reasons: reasons }),
      ...anArticle(),
    });
    expect(problem(refused)).toEqual(aProblem(409, 'merchant_not_eligible'));
    expect(refused.body.reasons).toEqual(reasons);
  });

  it.each(['unauthorized', 'reauthorization_required'])('refuses a merchant that is %s', async (state) => {
    const gone = await grantedMerchant();
    await system.sql(`UPDATE merchants SET state = $2, ineligible_reasons = ARRAY[$2] WHERE authorizer_appid = $1`, [
      gone,
      state,
    ]);
    const refused = await post({ merchant: gone, ...anArticle() });
    expect(problem(refused)).toEqual(aProblem(409, 'merchant_not_eligible'));
    expect(refused.body.reasons).toEqual([state]);
  });

  it('answers 200 with the open deletion of the same target, and 202 for any other target', async () => {
    const msg_id = newMsgId();
    const first = await post({ msg_id, article_idx: 1, reason: 'first' });
    const again = await post({ msg_id: Number(msg_id), article_idx: 1, reason: 'second' });
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id, reason: 'first' } });
    const others = await Promise.all([
      post({ msg_id, article_idx: 2 }),
      post({ msg_id, whole_message: true }),
      post({ merchant: await grantedMerchant(), msg_id, article_idx: 1 }),
    ]);
    expect(others.map(({ status }) => status)).toEqual([202, 202, 202]);
  });

  it('hastens the open deletion when the same target is wanted sooner or urgently, and never slows it', async () => {
    const target = anArticle();
    const tomorrow = new Date(Date.now() + 24 * 60 * 60_000).toISOString();
    const later = (await post({ ...target, not_before: tomorrow })).body;
    expect(later).toMatchObject({ state: 'scheduled', priority: 'normal' });
    const now = await post({ ...target, priority: 'urgent' });
    expect(now).toMatchObject({ status: 200, body: { id: later.id, priority: 'urgent', state: 'queued' } });
    const again = await post({ ...target, not_before: tomorrow });
    expect(again).toMatchObject({ status: 200, body: { id: later.id, priority: 'urgent', state: 'queued' } });
  });

  it('is noted once, with whose message it is, where a deletion is new', async () => {
    const target = { merchant: await grantedMerchant(), ...anArticle() };
    const { body } = await post(target);
    await post(target);
    const noted = await system.call('GET', `/v1/audit-events?subject=${body.id}`);
    expect(noted.body.data).toMatchObject([
      {
        action: 'deletion.accepted',
        component_appid: PLATFORM.component_appid,
        authorizer_appid: target.merchant,
      },
    ]);
  });

  it('makes one deletion of 50 identical requests at once', async () => {
    const target = anArticle();
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(target)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(49).fill(200), 202]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await countOf('msg_id = $1', [target.msg_id])).toBe(1);
  });
});

describe('an Idempotency-Key', () => {
  it('gets the first answer again, and makes nothing new', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const target = anArticle();
    const first = await post(target, key);
    expect(first.status).toBe(202);
    await system.call('POST', `/v1/deletions/${first.body.id}/cancel`);
    expect(await post(target, key)).toMatchObject({ status: 202, body: first.body });
    expect(await countOf('msg_id = $1', [target.msg_id])).toBe(1);
  });

  it('is refused with another body', async () => {
    const key = { 'idempotency-key': randomUUID() };
    await post(anArticle(), key);
    expect(problem(await post(anArticle(), key))).toEqual(aProblem(422, 'idempotency_key_reused'));
  });

  it('is refused while its first request still runs, and never runs twice', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const target = anArticle();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(target, key)));
    for (const { status, body } of answers) {
      expect([202, 409]).toContain(status);
      if (status === 409) expect(body.code).toBe('idempotency_key_in_use');
    }
    expect(await countOf('msg_id = $1', [target.msg_id])).toBe(1);
  });

  it('remembers no refusal: the same key serves once the reason is gone', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const later = await grantedMerchant({ permission_sets: [], ineligible_reasons: ['permission_set_7_not_granted'] });
    const body = { merchant: later, ...anArticle() };
    expect((await post(body, key)).status).toBe(409);
    await system.sql(
      `UPDATE merchants SET permission_sets = '{7}', ineligible_reasons = '{}' WHERE authorizer_appid = $1`,
      [later],
    );
    expect((await post(body, key)).status).toBe(202);
  });

  it('belongs to the API key that sent it', async () => {
    const key = { 'idempotency-key': randomUUID() };
    await post(anArticle(), key);
    const other = await apiKey('operator');
    expect((await post(anArticle(), { ...key, authorization: `Bearer ${other}` })).status).toBe(202);
  });

  it.each(['a b', 'é', 'x'.repeat(256), ''])('is refused when it is %j', async (key) => {
    expect(problem(await post(anArticle(), { 'idempotency-key': key }))).toEqual(aProblem(400, 'invalid_request'));
  });
});

async function apiKey(role: string): Promise<string> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('base64url');
  await system.sql(`INSERT INTO api_keys (id, name, key_hash, role) VALUES (gen_random_uuid(), $1, $2, $1)`, [
    role,
    hash,
  ]);
  return key;
}

describe('an API key', () => {
  it.each<[string, Record<string, number>]>([
    ['admin', { create: 202, list: 200, get: 200, attempts: 200, cancel: 200, retry: 409 }],
    ['operator', { create: 202, list: 200, get: 200, attempts: 200, cancel: 200, retry: 409 }],
    ['viewer', { create: 403, list: 200, get: 200, attempts: 200, cancel: 403, retry: 403 }],
    ['tokens', { create: 403, list: 403, get: 403, attempts: 403, cancel: 403, retry: 403 }],
  ])('of role %s may %j', async (role, allowed) => {
    const headers = { authorization: `Bearer ${await apiKey(role)}` };
    expect(await everyRoute(headers)).toEqual(allowed);
  });

  it.each([
    ['missing', {}],
    ['unknown', { authorization: `Bearer rk_${'x'.repeat(43)}` }],
    ['of another scheme', { authorization: 'Basic cms6eA==' }],
    ['not one', { authorization: "Bearer ' OR 1=1" }],
  ])('that is %s may do nothing', async (_what, headers) => {
    const none = { create: 401, list: 401, get: 401, attempts: 401, cancel: 401, retry: 401 };
    expect(await everyRoute({ authorization: '', ...headers })).toEqual(none);
  });

  it('that was revoked may do nothing from when that is answered', async () => {
    const issued = await system.call('POST', '/v1/api-keys', { name: 'test', role: 'operator' });
    const headers = { authorization: `Bearer ${issued.body.key}` };
    expect((await system.call('GET', '/v1/deletions?limit=1', undefined, headers)).status).toBe(200);
    expect((await system.call('DELETE', `/v1/api-keys/${issued.body.id}`)).status).toBe(204);
    const refused = await system.call('GET', '/v1/deletions?limit=1', undefined, headers);
    expect(problem(refused)).toEqual(aProblem(401, 'unauthenticated'));
  });

  async function everyRoute(headers: Record<string, string>): Promise<Record<string, number>> {
    const { id } = (await post(anArticle())).body;
    const status = async (method: string, path: string, body?: object) =>
      (await system.call(method, `/v1/deletions${path}`, body, headers)).status;
    return {
      create: await status('POST', '', { merchant, ...anArticle() }),
      list: await status('GET', '?limit=1'),
      get: await status('GET', `/${id}`),
      attempts: await status('GET', `/${id}/attempts`),
      cancel: await status('POST', `/${id}/cancel`),
      retry: await status('POST', `/${id}/retry`),
    };
  }
});

describe('the list of deletions', () => {
  let listed: string;
  const ids: string[] = [];
  let sentTwice: string;

  beforeAll(async () => {
    listed = await grantedMerchant();
    for (let i = 0; i < 7; i++) ids.unshift((await post({ merchant: listed, ...anArticle() })).body.id);
    sentTwice = newMsgId();
    ids.unshift((await post({ merchant: listed, msg_id: sentTwice, article_idx: 1 })).body.id);
    ids.unshift((await post({ merchant: listed, msg_id: sentTwice, article_idx: 2 })).body.id);
    await system.call('POST', `/v1/deletions/${ids[8]}/cancel`);
  });

  const list = async (query: string) =>
    (await system.call('GET', `/v1/deletions?merchant=${listed}&${query}`)).body as {
      data: { id: string }[];
      next_cursor: string | null;
    };

  it.each([1, 2, 4, 9, 200])('walked %i at a time shows each once, the newest first, and then ends', async (limit) => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await list(`limit=${limit}${cursor && `&cursor=${cursor}`}`);
      expect(page.data.length).toBeLessThanOrEqual(limit);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(ids);
  });

  it('is cut at moments, also for one whose id was given long before it was created', async () => {
    const { created_at: at } = (await system.call('GET', `/v1/deletions/${ids[4]}`)).body;
    const shown = async (query: string) => (await list(query)).data.map(({ id }) => id);
    expect(await shown(`created_after=${at}`)).toEqual(expect.arrayContaining(ids.slice(0, 4)));
    expect(await shown(`created_before=${at}`)).toEqual(expect.not.arrayContaining(ids.slice(0, 4)));
    expect(await shown(`created_before=${at}`)).toEqual(expect.arrayContaining(ids.slice(6)));
    const [early] = await system.sql<{ id: string }>(
      `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id, created_at, finished_at)
       SELECT $2, id, 1, 1, 'msg:1:1', 'cancelled', now(), 'test', now() - interval '5 days', now() FROM merchants
       WHERE authorizer_appid = $1 RETURNING id`,
      [listed, uuidv7({ msecs: Date.now() - 10 * 86_400_000 })],
    );
    const sixDaysAgo = new Date(Date.now() - 6 * 86_400_000).toISOString();
    const fourDaysAgo = new Date(Date.now() - 4 * 86_400_000).toISOString();
    expect(await shown(`created_after=${sixDaysAgo}&created_before=${fourDaysAgo}`)).toEqual([early?.id]);
    await system.sql(`DELETE FROM deletions WHERE id = $1`, [early?.id]);
  });

  it('does not move under a walk when new ones come', async () => {
    const first = await list('limit=5');
    const { id } = (await post({ merchant: listed, ...anArticle() })).body;
    const second = await list(`limit=5&cursor=${first.next_cursor}`);
    expect([...first.data, ...second.data].map((deletion) => deletion.id)).toEqual(ids);
    ids.unshift(id);
  });

  it('can be narrowed by state and by msg_id', async () => {
    expect((await list('state=cancelled')).data.map(({ id }) => id)).toEqual([ids.at(-1)]);
    expect((await list('state=running')).data).toEqual([]);
    expect((await list(`msg_id=${sentTwice}`)).data).toHaveLength(2);
    expect((await list(`msg_id=${sentTwice}&state=cancelled`)).data).toEqual([]);
  });

  it('can be narrowed by why they wait', async () => {
    const [one = '', another = ''] = ids;
    await system.sql(
      `UPDATE deletions SET state = 'waiting', waiting_for = 'merchant_admin', ready_at = now() + interval '1 day',
         waiting_until = now() + interval '1 day' WHERE id = ANY($1)`,
      [[one, another]],
    );
    const shown = async (query: string) => (await list(query)).data.map(({ id }) => id);
    expect(await shown('waiting_for=merchant_admin')).toEqual([one, another]);
    expect(await shown('waiting_for=merchant_admin&state=waiting&limit=1')).toEqual([one]);
    expect(await shown('waiting_for=backoff')).toEqual([]);
    for (const ended of ['state=cancelled', 'finished_after=2020-01-01T00:00:00Z'])
      expect(await shown(`waiting_for=merchant_admin&${ended}`)).toEqual([]);
  });

  it('has those that ended last first where it is cut at when they ended, and loses none of one moment', async () => {
    const ended = ids.slice(2, 7);
    const [first = '', ...rest] = [...ended].reverse();
    const end = (some: string[], at: string) =>
      system.sql(
        `UPDATE deletions SET state = 'failed', outcome_code = 'refused', finished_at = $2::timestamptz WHERE id = ANY($1)`,
        [some, at],
      );
    await end(rest, '2126-01-02T00:00:00.000001Z');
    await end([first], '2126-01-03T00:00:00Z');
    const inOrder = [first, ...rest.sort().reverse()];
    const walk = async (query: string) => {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await list(`${query}${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.data.map(({ id }) => id));
        cursor = page.next_cursor;
      }
      return seen;
    };
    for (const limit of [1, 2, 50]) {
      const span = `finished_after=2126-01-02T00:00:00Z&finished_before=2126-01-04T00:00:00Z&limit=${limit}`;
      expect(await walk(span)).toEqual(inOrder);
      expect(await walk(`state=failed&${span}`)).toEqual(inOrder);
      // With a span in which they were asked for, in the order of these.
      expect(await walk(`${span}&created_after=2020-01-01T00:00:00Z`)).toEqual([...inOrder].sort().reverse());
    }
    const from = 'finished_after=2126-01-01T00:00:00Z';
    expect(await walk(`${from}&finished_before=2126-01-03T00:00:00Z`)).toEqual(inOrder.slice(1));
    expect(await walk('finished_after=2126-01-03T00:00:00Z&state=failed')).toEqual([first]);
    const { next_cursor: byEnd } = await list('finished_before=2126-01-04T00:00:00Z&limit=1');
    const { next_cursor: byId } = await list('limit=1');
    for (const query of [`cursor=${byEnd}`, `cursor=${byId}&finished_before=2126-01-04T00:00:00Z`]) {
      const refused = await system.call('GET', `/v1/deletions?${query}`);
      expect(problem(refused)).toEqual(aProblem(400, 'invalid_request'));
    }
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'state=done',
    'waiting_for=luck',
    'finished_after=yesterday',
    'msg_id=abc',
    'msg_id=0',
    'msg_id=9223372036854775808',
    'cursor=abc',
    'page=2',
  ])('refuses ?%s', async (query) => {
    const refused = await system.call('GET', `/v1/deletions?${query}`);
    expect(problem(refused)).toEqual(aProblem(400, 'invalid_request'));
  });

  it('of an unknown merchant is not found', async () => {
    const refused = await system.call('GET', '/v1/deletions?merchant=wxffffffffffffffff');
    expect(problem(refused)).toEqual(aProblem(404, 'merchant_not_found'));
  });
});

describe('one deletion', () => {
  const routes: [string, string][] = [
    ['GET', ''],
    ['GET', '/attempts'],
    ['POST', '/cancel'],
    ['POST', '/retry'],
  ];

  it.each(routes)('that does not exist is not found by %s …%s', async (method, path) => {
    const answer = await system.call(method, `/v1/deletions/${randomUUID()}${path}`);
    expect(problem(answer)).toEqual(aProblem(404, 'deletion_not_found'));
  });

  it.each(routes)('whose id is no id of ours is refused by %s …%s', async (method, path) => {
    for (const id of ['1', 'abc', '%00', `${randomUUID()}x`]) {
      expect(problem(await system.call(method, `/v1/deletions/${id}${path}`))).toEqual(
        aProblem(400, 'invalid_request'),
      );
    }
  });

  it('is cancelled before it is dispatched, once, and its target is free again', async () => {
    const target = anArticle();
    const { id } = (await post(target)).body;
    const cancelled = await system.call('POST', `/v1/deletions/${id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { id, state: 'cancelled', outcome: { code: 'cancelled' }, proof: 'none', finished_at: expect.any(String) },
    });
    const again = await system.call('POST', `/v1/deletions/${id}/cancel`);
    expect(problem(again)).toEqual(aProblem(409, 'deletion_state_conflict'));
    expect((await post(target)).status).toBe(202);
  });

  it('is scheduled until its not_before, and can be cancelled until then', async () => {
    const not_before = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await post({ ...anArticle(), not_before });
    expect(body).toMatchObject({ state: 'scheduled', not_before });
    expect((await system.call('POST', `/v1/deletions/${body.id}/cancel`)).status).toBe(200);
  });

  it('is queued at once when its not_before is past', async () => {
    const accepted = await post({ ...anArticle(), not_before: '2020-01-01T08:00:00+08:00' });
    expect(accepted.body).toMatchObject({ state: 'queued', not_before: '2020-01-01T00:00:00.000Z' });
  });

  it('is retried only after it failed', async () => {
    const { id } = (await post(anArticle())).body;
    const retry = () => system.call('POST', `/v1/deletions/${id}/retry`);
    expect(problem(await retry())).toEqual(aProblem(409, 'deletion_state_conflict'));
    await fail(id);
    expect(await retry()).toMatchObject({ status: 202, body: { state: 'queued', outcome: null, finished_at: null } });
  });

  it('is retried once by 50 requests at once', async () => {
    const { id } = (await post(anArticle())).body;
    await fail(id);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => system.call('POST', `/v1/deletions/${id}/retry`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(49).fill(409)]);
  });

  it('is not retried while another one of its target is open', async () => {
    const target = anArticle();
    const [first, second] = [(await failed(target)).id, (await failed(target)).id];
    const answers = await Promise.all([first, second].map((id) => system.call('POST', `/v1/deletions/${id}/retry`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(await countOf('msg_id = $1 AND finished_at IS NULL', [target.msg_id])).toBe(1);
  });

  it('is not retried for a merchant that is no longer eligible', async () => {
    const gone = await grantedMerchant();
    const { id } = await failed({ merchant: gone, ...anArticle() });
    await system.sql(
      `UPDATE merchants SET state = 'unauthorized', ineligible_reasons = '{unauthorized}' WHERE authorizer_appid = $1`,
      [gone],
    );
    const refused = await system.call('POST', `/v1/deletions/${id}/retry`);
    expect(problem(refused)).toEqual(aProblem(409, 'merchant_not_eligible'));
    expect(refused.body.reasons).toEqual(['unauthorized']);
  });

  const fail = (id: string) =>
    system.sql(
      `UPDATE deletions SET state = 'failed', outcome_code = 'refused', outcome_errcode = 40059, dispatched_at = now(),
         finished_at = now() WHERE id = $1`,
      [id],
    );
  async function failed(body: object): Promise<{ id: string }> {
    const { id } = (await post(body)).body;
    await fail(id);
    return { id };
  }
});

it('many requests for one merchant at once, in all of these ways, leave the api in service', async () => {
  const requests = Array.from({ length: 120 }, (_one, i) => {
    if (i % 3 === 0) return post(anArticle());
    if (i % 3 === 1) return post(anArticle(), { 'idempotency-key': randomUUID() });
    return system.call('GET', `/v1/deletions?merchant=${merchant}&limit=1`);
  });
  const statuses = (await Promise.all(requests)).map(({ status }) => status);
  expect(statuses.filter((status) => status >= 400)).toEqual([]);
  await eventually(
    () => system.call('GET', '/health/ready'),
    ({ status }) => status === 200,
  );
});
