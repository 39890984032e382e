import { createHash, randomBytes } from 'node:crypto';
import { eventually } from './support/eventually.js';
import { PLATFORM, System, type Reply } from './support/system.js';

const REASON = 'asked for by a court';
const CASE = 'case-4711';
const OF_THE_PROVIDER = { reason: REASON, metadata: { file: CASE } };
/** Nothing runs meanwhile. */
const LATER = new Date(Date.now() + 86_400_000).toISOString();

let system: System;
let merchant: string;
let other: string;
/** The merchant's own keys, of which one reaches the other merchant as well. */
let own: Record<string, string>;
let wider: Record<string, string>;
let lastMsgId = 5_000_000_000;

beforeAll(async () => {
  system = await System.start({ env: { DEFAULT_RATE_PER_MINUTE: '60', DEFAULT_DAILY_QUOTA: '10' } });
  await system.registerPlatform();
  merchant = await system.onboardMerchant();
  other = await system.onboardMerchant();
  own = await aKey([merchant]);
  wider = await aKey([merchant, other]);
});
afterAll(() => system.close());

async function aKey(merchants: string[]): Promise<Record<string, string>> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  await system.sql(
    `INSERT INTO api_keys (id, name, key_hash, role, merchants) VALUES (gen_random_uuid(), 'limited', $1, 'operator', $2)`,
    [createHash('sha256').update(key).digest('base64url'), merchants],
  );
  return { authorization: `Bearer ${key}` };
}

const anArticle = (of = merchant) => ({ merchant: of, msg_id: String(++lastMsgId), article_idx: 1 });
type Headers = Record<string, string>;
const ask = (article: object, by: Headers = {}) =>
  system.call('POST', '/v1/deletions', { not_before: LATER, ...article }, by);
const takeDown = (items: object[], by: Headers = {}, more: object = {}) =>
  system.call('POST', '/v1/takedowns', { items, undo_seconds: 3_600, ...more }, by);
const cancel = (id: string, by: Headers = {}) => system.call('POST', `/v1/deletions/${id}/cancel`, undefined, by);
const retry = (id: string, by: Headers = {}) => system.call('POST', `/v1/deletions/${id}/retry`, undefined, by);
const read = (path: string, by: Headers = {}) => system.call('GET', path, undefined, by);
const stateOf = async (id: string) => (await read(`/v1/deletions/${id}`)).body.state;
const fail = (id: string) =>
  system.sql(`UPDATE deletions SET state = 'failed', finished_at = now(), outcome_code = 'refused' WHERE id = $1`, [
    id,
  ]);
const deletionsOf = async (takedown: string) => (await read(`/v1/takedowns/${takedown}/deletions`)).body.data;

const refusal = ({ status, body }: Reply) => ({ status, code: body.code });
const NOT_YOURS = { status: 403, code: 'not_yours' };
const HIDDEN = { reason: null, metadata: null, hidden: ['reason', 'metadata'] };

describe('what the provider asked for', () => {
  it.each<[string, () => Promise<string>]>([
    ['one by one', async () => (await ask({ ...anArticle(), ...OF_THE_PROVIDER })).body.id],
    [
      'by a takedown of several merchants',
      async () =>
        (await deletionsOf((await takeDown([anArticle(), anArticle(other)], {}, OF_THE_PROVIDER)).body.id)).find(
          (deletion: { merchant: string }) => deletion.merchant === merchant,
        ).id,
    ],
    ['with a key of wider limits', async () => (await ask({ ...anArticle(), ...OF_THE_PROVIDER }, wider)).body.id],
  ])('is not cancelled, retried or read by a key with limits: %s', async (_how, made) => {
    const id = await made();
    expect(refusal(await cancel(id, own))).toEqual(NOT_YOURS);
    expect(await stateOf(id)).toBe('scheduled');
    await fail(id);
    expect(refusal(await retry(id, own))).toEqual(NOT_YOURS);
    expect(await stateOf(id)).toBe('failed');

    const answer = await read(`/v1/deletions/${id}`, own);
    expect(answer.body).toMatchObject({ id, merchant, ...HIDDEN, requested_by: null });
    const texts = await Promise.all([
      read(`/v1/deletions?limit=100`, own),
      read(`/v1/events`, own),
      ...['json', 'ndjson', 'csv'].map((format) => read(`/v1/deletions/${id}/proof?format=${format}`, own)),
    ]);
    for (const told of [answer, ...texts]) {
      expect(told.status).toBe(200);
      const text = JSON.stringify(told.body);
      expect([text.includes(REASON), text.includes(CASE)]).toEqual([false, false]);
    }
    const asker = { id: expect.any(String), name: expect.any(String) };
    expect((await read(`/v1/deletions/${id}`)).body).toMatchObject({ ...OF_THE_PROVIDER, requested_by: asker });
    expect((await read(`/v1/deletions/${id}`)).body).not.toHaveProperty('hidden');
  });

  it('is the answer to the same wish, and stays what it is', async () => {
    const article = anArticle();
    const { body } = await ask({ ...article, ...OF_THE_PROVIDER });
    const joined = await ask({ ...article, reason: 'mine' }, { ...own, 'idempotency-key': 'joined' });
    expect(joined).toMatchObject({ status: 200, body: { id: body.id, ...HIDDEN } });
    expect((await ask({ ...article, reason: 'mine' }, { ...own, 'idempotency-key': 'joined' })).body).toEqual(
      joined.body,
    );
    expect(refusal(await cancel(body.id, own))).toEqual(NOT_YOURS);
    const takedown = await takeDown([article], own);
    expect(takedown.body).toMatchObject({ accepted: 0, already_open: 1 });
    const listed = await read(`/v1/takedowns/${takedown.body.id}/deletions`, own);
    expect(listed.body.data).toMatchObject([{ id: body.id, ...HIDDEN }]);
    const proof = await read(`/v1/takedowns/${takedown.body.id}/proof`, own);
    expect(JSON.stringify(proof.body)).not.toContain(REASON);
    expect((await system.call('POST', `/v1/takedowns/${takedown.body.id}/cancel`, undefined, own)).status).toBe(200);
    expect(await stateOf(body.id)).toBe('scheduled');
    expect((await cancel(body.id)).status).toBe(200);
  });

  it('is told of without its metadata to keys and endpoints with limits, and with it to the others', async () => {
    const endpoint = async (merchants: string[] | null) =>
      (
        await system.call('POST', '/v1/webhook-endpoints', {
          url: 'https://hooks.example.com/retract',
          event_types: ['deletion.cancelled'],
          merchants,
        })
      ).body.id;
    const [limited, unlimited] = [await endpoint([merchant]), await endpoint(null)];
    const [theirs, mine] = [
      await ask({ ...anArticle(), ...OF_THE_PROVIDER }),
      await ask({ ...anArticle(), metadata: { shop: '7' } }, own),
    ];
    await cancel(theirs.body.id);
    await cancel(mine.body.id, own);
    const told = async (id: string) =>
      (
        await eventually(
          () => read(`/v1/webhook-endpoints/${id}/deliveries`),
          ({ body }) => body.data.length === 2,
        )
      ).body.data.map(({ payload }: { payload: { data: object } }) => payload.data);
    expect(await told(unlimited)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: theirs.body.id, metadata: { file: CASE } }),
        expect.objectContaining({ id: mine.body.id, metadata: { shop: '7' } }),
      ]),
    );
    const expected = [
      expect.objectContaining({ id: theirs.body.id, metadata: null, hidden: ['metadata'] }),
      expect.objectContaining({ id: mine.body.id, metadata: { shop: '7' } }),
    ];
    expect(await told(limited)).toEqual(expect.arrayContaining(expected));
    const feed = await eventually(
      () => read('/v1/events?type=deletion.cancelled&limit=100', own),
      ({ body }) => JSON.stringify(body).includes(mine.body.id),
    );
    const data = feed.body.data.map((event: { data: object }) => event.data);
    expect(data).toEqual(expect.arrayContaining(expected));
  });
});

describe('what was asked for within the limits', () => {
  it('is cancelled and retried with the same limits, or wider ones, and read', async () => {
    for (const by of [own, await aKey([merchant]), wider]) {
      const { body } = await ask({ ...anArticle(), reason: 'mine', metadata: { shop: '7' } }, own);
      const told = await read(`/v1/deletions/${body.id}`, by);
      expect(told.body).toMatchObject({ reason: 'mine', metadata: { shop: '7' } });
      expect(told.body).not.toHaveProperty('hidden');
      expect((await cancel(body.id, by)).body.state).toBe('cancelled');
      const failed = await ask(anArticle(), own);
      await fail(failed.body.id);
      expect((await retry(failed.body.id, by)).status).toBe(202);
    }
  });

  it('also when the key that asked was revoked', async () => {
    const gone = await aKey([merchant]);
    const { body } = await ask({ ...anArticle(), reason: 'mine' }, gone);
    await system.sql(
      `UPDATE api_keys SET revoked_at = now() WHERE id = (SELECT requested_by FROM deletions WHERE id = $1)`,
      [body.id],
    );
    expect((await cancel(body.id, own)).body).toMatchObject({ state: 'cancelled', reason: 'mine' });
  });

  it.each<[string, (article: object) => Promise<Reply>]>([
    ['as one', (article) => ask({ ...article, ...OF_THE_PROVIDER })],
    ['in a takedown', (article) => takeDown([article, anArticle(other)])],
    ['with a key of wider limits', (article) => ask(article, wider)],
  ])('is not cancelled once it was asked for beyond them, too: %s', async (_how, alsoAsk) => {
    const article = anArticle();
    const { body } = await ask({ ...article, reason: 'mine', metadata: { shop: '7' } }, own);
    expect((await alsoAsk(article)).status).toBeLessThan(300);
    expect(refusal(await cancel(body.id, own))).toEqual(NOT_YOURS);
    expect((await read(`/v1/deletions/${body.id}`, own)).body).toMatchObject({
      reason: 'mine',
      metadata: { shop: '7' },
    });
    expect((await cancel(body.id)).body.state).toBe('cancelled');
  });

  it('is not cancelled with its takedown once it was asked for beyond them, too', async () => {
    const [wanted, unwanted] = [anArticle(), anArticle()];
    const takedown = await takeDown([wanted, unwanted], own, { priority: 'normal' });
    const joined = await ask(wanted);
    expect(joined.status).toBe(200);
    await system.sql(`UPDATE deletions SET ready_at = now() + interval '1 day' WHERE id = $1`, [joined.body.id]);
    const cancelled = await system.call('POST', `/v1/takedowns/${takedown.body.id}/cancel`, undefined, own);
    expect(cancelled).toMatchObject({ status: 200, body: { cancelled: 1 } });
    expect(await read(`/v1/deletions/${joined.body.id}`)).toMatchObject({
      body: { state: 'scheduled', takedown: null },
    });
    expect(refusal(await cancel(joined.body.id, own))).toEqual(NOT_YOURS);
    expect((await cancel(joined.body.id)).body.state).toBe('cancelled');
  });

  it('is the taker’s when the provider’s takedown that had it is cancelled', async () => {
    const article = anArticle();
    const theirs = await takeDown([article], {}, OF_THE_PROVIDER);
    const mine = await takeDown([article], own);
    expect(mine.body).toMatchObject({ already_open: 1 });
    await system.call('POST', `/v1/takedowns/${theirs.body.id}/cancel`);
    const [deletion] = await deletionsOf(mine.body.id);
    expect(deletion).toMatchObject({ state: 'scheduled', takedown: mine.body.id });
    expect((await read(`/v1/deletions/${deletion.id}`, own)).body).toMatchObject(HIDDEN);
    expect((await cancel(deletion.id, own)).body).toMatchObject({ state: 'cancelled', ...HIDDEN });
  });

  it('leaves a takedown beyond them unknown', async () => {
    const { body } = await takeDown([anArticle(), anArticle(other)], wider);
    expect(refusal(await system.call('POST', `/v1/takedowns/${body.id}/cancel`, undefined, own))).toEqual({
      status: 404,
      code: 'takedown_not_found',
    });
  });
});

describe('the name of a merchant', () => {
  const name = (ref: string | null, by: Headers = {}) => system.call('PATCH', `/v1/merchants/${merchant}`, { ref }, by);
  const named = async () => (await read(`/v1/merchants/${merchant}`)).body.ref;
  const NOT_ITS_NAME = { status: 403, code: 'ref_not_yours' };

  afterEach(() => name(null));

  it('is changed by a key with limits as long as none beyond them has given it', async () => {
    expect((await name('their own', own)).status).toBe(200);
    expect((await name('another', await aKey([merchant]))).status).toBe(200);
    expect((await name('of a wider key', wider)).status).toBe(200);
    expect(refusal(await name('taken back', own))).toEqual(NOT_ITS_NAME);

    expect((await name('shop 7')).status).toBe(200);
    for (const by of [own, wider]) {
      for (const ref of ['shop 8', null]) expect(refusal(await name(ref, by))).toEqual(NOT_ITS_NAME);
      // Said again, it is as it was, and the provider's still.
      expect((await name('shop 7', by)).status).toBe(200);
      expect(refusal(await name('shop 8', by))).toEqual(NOT_ITS_NAME);
    }
    expect(await named()).toBe('shop 7');
    const acts = await read(`/v1/audit-events?subject=${merchant}&action=merchant.ref_changed`);
    expect(JSON.stringify(acts.body)).not.toContain('shop 8');
  });

  it('becomes the provider’s by being said again, and is anybody’s once the provider takes it away', async () => {
    await name('shop 7', own);
    await name('shop 7');
    expect(refusal(await name('shop 8', own))).toEqual(NOT_ITS_NAME);
    await name(null);
    expect((await name('shop 8', own)).status).toBe(200);
  });

  it('that came by the provider’s link stays, and one from before counts as the provider’s', async () => {
    const { appid } = await system.control('POST', 'merchants', {});
    const { body } = await system.call('POST', '/v1/authorization-links', {
      platform: PLATFORM.component_appid,
      ref: 'shop 9',
    });
    await system.control('POST', 'consents', {
      link: await system.clickThrough(body.url),
      authorizer_appid: appid,
      follow_redirect: true,
    });
    const by = await aKey([appid]);
    const rename = () => system.call('PATCH', `/v1/merchants/${appid}`, { ref: 'shop 10' }, by);
    expect(refusal(await rename())).toEqual(NOT_ITS_NAME);
    await system.sql(`UPDATE merchants SET ref_set_by = NULL WHERE authorizer_appid = $1`, [appid]);
    expect(refusal(await rename())).toEqual(NOT_ITS_NAME);
    expect((await read(`/v1/merchants/${appid}`)).body.ref).toBe('shop 9');
  });
});

describe('the limits of a merchant', () => {
  const set = (limits: object, by: Headers = {}) => system.call('PATCH', `/v1/merchants/${merchant}`, limits, by);
  const limits = async () => {
    const { rate_per_minute, daily_limit } = (await read(`/v1/merchants/${merchant}`)).body.limits;
    return { rate_per_minute, daily_limit };
  };
  const NOT_ITS_LIMITS = { status: 403, code: 'limits_not_yours' };

  it('are lowered by a key with limits, not raised, and not touched once a key without has set them', async () => {
    expect(refusal(await set({ daily_limit: 11, ref: 'shop' }, own))).toEqual(NOT_ITS_LIMITS);
    expect(refusal(await set({ rate_per_minute: 61 }, own))).toEqual(NOT_ITS_LIMITS);
    expect((await read(`/v1/merchants/${merchant}`)).body.ref).toBeNull();
    expect((await set({ daily_limit: 5, rate_per_minute: 30 }, own)).status).toBe(200);
    expect(await limits()).toEqual({ daily_limit: 5, rate_per_minute: 30 });
    expect(refusal(await set({ daily_limit: null }, own))).toEqual(NOT_ITS_LIMITS);
    expect(await limits()).toEqual({ daily_limit: 5, rate_per_minute: 30 });

    expect((await set({ daily_limit: 40 })).status).toBe(200);
    expect(refusal(await set({ daily_limit: 39 }, own))).toEqual(NOT_ITS_LIMITS);
    expect((await set({ daily_limit: 40, rate_per_minute: 20, ref: 'shop' }, own)).status).toBe(200);
    expect(await limits()).toEqual({ daily_limit: 40, rate_per_minute: 20 });
    expect((await set({ daily_limit: null, rate_per_minute: null })).status).toBe(200);
    expect((await set({ daily_limit: 9 }, own)).status).toBe(200);
    expect(await limits()).toEqual({ daily_limit: 9, rate_per_minute: 60 });
  });

  it('that are the account’s are the provider’s over whichever of its platforms they were set', async () => {
    const second = { ...PLATFORM, component_appid: 'wxfedcba9876543210' };
    await system.registerPlatform(second);
    const appid = await system.onboardMerchant();
    await system.control('POST', 'consents', {
      link: await system.clickThrough(`${system.url}/authorize/${second.component_appid}`),
      authorizer_appid: appid,
      follow_redirect: true,
    });
    const over = (platform: string, limits: object, by: Headers = {}) =>
      system.call('PATCH', `/v1/merchants/${appid}?component_appid=${platform}`, limits, by);
    const key = `rk_${randomBytes(32).toString('base64url')}`;
    await system.sql(
      `INSERT INTO api_keys (id, name, key_hash, role, platforms) VALUES (gen_random_uuid(), 'limited', $1, 'operator', $2)`,
      [createHash('sha256').update(key).digest('base64url'), [second.component_appid]],
    );
    const by = { authorization: `Bearer ${key}` };
    expect((await over(PLATFORM.component_appid, { daily_limit: 8, rate_per_minute: 20 })).status).toBe(200);
    for (const limits of [{ daily_limit: 7 }, { daily_limit: null }, { rate_per_minute: 1 }]) {
      expect(refusal(await over(second.component_appid, limits, by))).toEqual(NOT_ITS_LIMITS);
    }
    expect((await over(PLATFORM.component_appid, { daily_limit: 7 }, by)).status).toBe(404);
    expect((await over(second.component_appid, {})).body.limits).toMatchObject({ daily_limit: 8, rate_per_minute: 20 });
  });
});
