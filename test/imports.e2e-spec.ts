import { createHash, randomBytes } from 'node:crypto';
import { eventually } from './support/eventually.js';
import { System } from './support/system.js';

/**
 * A key with limits may be in a tenant's hands, and the tenant may wish that the provider deletes something else than it means to.
 * Here it tries; what counts is which articles WeChat has deleted in the end.
 */
let system: System;
/** Of the tenant. */
let hostile: string;
/** Of somebody else. */
let victim: string;
/** The tenant's key. */
let tenant: Record<string, string>;

type Headers = Record<string, string>;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
});
afterAll(() => system.close());
beforeEach(async () => {
  [hostile, victim] = [await system.onboardMerchant(), await system.onboardMerchant()];
  tenant = await aKeyFor([hostile]);
});

async function aKeyFor(merchants: string[]): Promise<Headers> {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('base64url');
  await system.sql(
    `INSERT INTO api_keys (id, name, key_hash, role, merchants) VALUES (gen_random_uuid(), 'tenant', $1, 'operator', $2)`,
    [hash, merchants],
  );
  return { authorization: `Bearer ${key}` };
}

const ONE = [{ title: 'The only one' }];

/** A message of which no push has told. */
const anUntoldMessage = (merchant: string, articles: object[] = ONE) =>
  system.sendMassMessage(merchant, { push: false, articles });
/** One of which WeChat's push has told. */
async function aToldMessage(merchant: string, articles: object[] = ONE): Promise<string> {
  const msgId = await system.sendMassMessage(merchant, { articles });
  await eventually(
    () => listed(merchant),
    (data) => data.some(({ msg_id }: { msg_id: string }) => msg_id === msgId),
  );
  return msgId;
}
const listed = async (merchant: string, headers: Headers = {}) =>
  (await system.call('GET', `/v1/mass-messages?merchant=${merchant}`, undefined, headers)).body.data;
const atWeChat = (merchant: string, msgId: string) =>
  system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
/** The address that WeChat gives an article, whether or not it tells us. */
const addressOf = async (merchant: string, msgId: string, idx = 1): Promise<string> =>
  (await atWeChat(merchant, msgId)).articles[idx - 1].url;
/** Which articles are gone. */
const deleted = async (merchant: string, msgId: string): Promise<boolean[]> =>
  (await atWeChat(merchant, msgId)).articles.map(({ is_deleted }: { is_deleted: boolean }) => is_deleted);
const aShortLink = () => `https://mp.weixin.qq.com/s/${randomBytes(12).toString('base64url')}`;

async function imports(headers: Headers, merchant: string, msg_id: string, more: object): Promise<void> {
  const { body } = await system.call('POST', '/v1/mass-messages', { merchant, msg_id, ...more }, headers);
  expect(body).toEqual({ imported: 1, rejected: 0, errors: [] });
}
const article = (url: string, article_idx = 1) => ({ articles: [{ article_idx, url }] });
const PROVIDER: Headers = {};

const takeDown = (body: object, headers = PROVIDER) => system.call('POST', '/v1/takedowns', body, headers);
const post = (body: object, headers = PROVIDER) => system.call('POST', '/v1/deletions', body, headers);
async function finished(body: object, headers = PROVIDER) {
  const accepted = await takeDown(body, headers);
  expect(accepted.status).toBe(202);
  return eventually(
    async () => (await system.call('GET', `/v1/takedowns/${accepted.body.id}`)).body,
    ({ finished_at }) => finished_at !== null,
  );
}

describe('a tenant that imports', () => {
  it('the short link of another account has that one’s article deleted, and not its own', async () => {
    const [decoy, meant] = [await anUntoldMessage(hostile), await anUntoldMessage(victim)];
    const short = aShortLink();
    await imports(tenant, hostile, decoy, article(short));
    await system.tellOfMassSend(victim, meant, [{ ArticleIdx: 1, ArticleUrl: short }]);
    expect(await finished({ urls: [short] })).toMatchObject({ counts: { succeeded: 1 } });
    expect([await deleted(victim, meant), await deleted(hostile, decoy)]).toEqual([[true], [false]]);
  });

  it('a short link that nobody else knows gains nothing: the provider is asked whose it is', async () => {
    const decoy = await anUntoldMessage(hostile);
    const short = aShortLink();
    await imports(tenant, hostile, decoy, article(short));
    const refused = await takeDown({ urls: [short] });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ code: 'url_not_resolved' }] } });
    const named = await post({ merchant: victim, url: short });
    expect(named).toMatchObject({ status: 202, body: { merchant: victim, msg_id: null, url: short } });
    await system.finished(named.body.id);
    expect(await deleted(hostile, decoy)).toEqual([false]);
  });

  it('an address with a __biz that nobody has yet claims nothing', async () => {
    const [decoy, meant] = [await anUntoldMessage(hostile), await anUntoldMessage(victim)];
    const url = await addressOf(victim, meant);
    await imports(tenant, hostile, decoy, article(url));
    expect(await takeDown({ urls: [url] })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'url_not_resolved' }] },
    });
    // Neither is the one whose it is kept from importing it, nor from being known by it.
    await imports(await aKeyFor([victim]), victim, meant, article(url));
    await imports(PROVIDER, victim, meant, article(url));
    expect(await finished({ items: [{ merchant: victim, url }] })).toMatchObject({ counts: { succeeded: 1 } });
    const second = await aToldMessage(victim);
    expect(await finished({ urls: [await addressOf(victim, second)] })).toMatchObject({ counts: { succeeded: 1 } });
    expect([await deleted(victim, meant), await deleted(victim, second), await deleted(hostile, decoy)]).toEqual([
      [true],
      [true],
      [false],
    ]);
  });

  it('a later send of an article does not have that deleted in its place', async () => {
    const meant = await aToldMessage(hostile);
    const later = await anUntoldMessage(hostile);
    const url = await addressOf(hostile, meant);
    await imports(tenant, hostile, later, article(url));
    await imports(tenant, hostile, '9000000000000000001', article(url));
    expect(await finished({ urls: [url] })).toMatchObject({ counts: { succeeded: 1 } });
    expect([await deleted(hostile, meant), await deleted(hostile, later)]).toEqual([[true], [false]]);
  });

  it('a later send of an article of which only the provider’s import tells, neither', async () => {
    const [meant, later] = [await anUntoldMessage(hostile), await anUntoldMessage(hostile)];
    const url = await addressOf(hostile, meant);
    await imports(PROVIDER, hostile, meant, article(url));
    await imports(tenant, hostile, later, article(url));
    await imports(tenant, hostile, meant, article(aShortLink()));
    expect(await finished({ items: [{ merchant: hostile, url }] })).toMatchObject({ counts: { succeeded: 1 } });
    expect([await deleted(hostile, meant), await deleted(hostile, later)]).toEqual([[true], [false]]);
  });

  it('fewer articles than there are, hides none', async () => {
    const meant = await anUntoldMessage(hostile, [...ONE, ...ONE, ...ONE]);
    await imports(tenant, hostile, meant, { articles: [{ article_idx: 1 }, { article_idx: 2 }] });
    const { body } = await post({ merchant: hostile, msg_id: meant, article_idx: 3 });
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    expect(await deleted(hostile, meant)).toEqual([false, false, true]);
  });

  it('other sends of the material keeps nobody from deleting it', async () => {
    const meant = await aToldMessage(hostile);
    const url = await addressOf(hostile, meant);
    await imports(tenant, hostile, '9000000000000000002', article(url));
    const { status, body } = await post({ merchant: hostile, msg_id: meant, article_idx: 1, if_shared: 'refuse' });
    expect(status).toBe(202);
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
  });

  it('a wrong message and deletes it by its address does not have the right one taken for gone', async () => {
    const [meant, decoy] = [await anUntoldMessage(hostile), await anUntoldMessage(hostile)];
    const url = await addressOf(hostile, meant);
    await imports(tenant, hostile, decoy, { ...article(url), sent_at: '2020-01-01T00:00:00Z' });
    const own = await post({ merchant: hostile, url }, tenant);
    expect(own.body).toMatchObject({ msg_id: decoy, asked_url: url });
    await system.finished(own.body.id);
    const { status, body } = await post({ merchant: hostile, url });
    expect(status).toBe(202);
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    expect(await deleted(hostile, meant)).toEqual([true]);
  });

  it('what WeChat has told changes nothing of it', async () => {
    const meant = await aToldMessage(hostile, [...ONE, ...ONE]);
    const before = await listed(hostile);
    await imports(tenant, hostile, meant, {
      title: 'Another',
      label: 'theirs',
      sent_at: '2020-01-01T00:00:00Z',
      articles: [1, 2, 3].map((article_idx) => ({ article_idx, url: aShortLink(), title: 'Another' })),
    });
    expect(await listed(hostile)).toEqual(before);
    expect(before[0].articles.map(({ source }: { source: string }) => source)).toEqual(['wechat', 'wechat']);
    const own = (await listed(hostile, tenant))[0];
    expect(own).toMatchObject({ label: 'theirs', finished_at: before[0].finished_at, status: before[0].status });
    expect(own.articles.slice(0, 2)).toEqual(before[0].articles);
    expect(own.articles[2]).toMatchObject({ article_idx: 3, source: 'limited_import' });
    const beyond = await post({ merchant: hostile, msg_id: meant, article_idx: 3 }, tenant);
    expect(beyond.body.code).toBe('article_not_in_message');
  });

  it('labels takes nothing out of the provider’s takedown and puts nothing into it', async () => {
    const label = `recall ${randomBytes(4).toString('hex')}`;
    const [meant, other] = [await aToldMessage(hostile), await aToldMessage(hostile)];
    await imports(PROVIDER, hostile, meant, { label });
    await imports(tenant, hostile, meant, { label: 'harmless' });
    await imports(tenant, hostile, other, { label });
    await imports(tenant, hostile, '9000000000000000003', { label });
    const takedown = await finished({ label, whole_message: true });
    expect(takedown).toMatchObject({ accepted: 1, counts: { succeeded: 1 } });
    expect([await deleted(hostile, meant), await deleted(hostile, other)]).toEqual([[true], [false]]);
  });
});

describe('what a key with limits imported', () => {
  it('counts for keys within the same limits, and for no others', async () => {
    const [first, second] = [await anUntoldMessage(hostile), await anUntoldMessage(hostile)];
    const url = await addressOf(hostile, first);
    const label = `own ${randomBytes(4).toString('hex')}`;
    const both = [
      { msg_id: second, label },
      { msg_id: first, label, title: 'Ours', ...article(url) },
    ];
    const wide = await aKeyFor([hostile, victim]);
    await system.call(
      'POST',
      '/v1/mass-messages',
      both.map((one) => ({ merchant: hostile, ...one })),
      tenant,
    );
    const same = await aKeyFor([hostile]);
    const item = { items: [{ merchant: hostile, url }], dry_run: true };
    expect((await takeDown(item, wide)).body).toMatchObject({ deletions: 1 });
    expect(await listed(hostile, wide)).toEqual([]);
    expect(await listed(hostile)).toEqual([]);
    expect((await listed(hostile, same)).map(({ msg_id }: { msg_id: string }) => msg_id)).toEqual([second, first]);
    const byLabel = `/v1/mass-messages?label=${encodeURIComponent(label)}&limit=1`;
    const page = (await system.call('GET', byLabel, undefined, same)).body;
    expect(page.data).toMatchObject([{ msg_id: second, label, status: 'imported' }]);
    const rest = (await system.call('GET', `${byLabel}&cursor=${page.next_cursor}`, undefined, same)).body;
    expect(rest).toMatchObject({ data: [{ msg_id: first, title: 'Ours' }], next_cursor: null });
    for (const headers of [wide, PROVIDER]) {
      expect((await takeDown({ label, whole_message: true }, headers)).status).toBe(422);
    }
    const alone = await takeDown({ urls: [url] }, same);
    expect(alone).toMatchObject({ status: 422, body: { errors: [{ code: 'url_ambiguous' }] } });
    const named = await post({ merchant: hostile, url }, same);
    expect(named).toMatchObject({ status: 202, body: { msg_id: first, article_idx: 1, asked_url: url } });
    const others = await finished({ label, whole_message: true }, same);
    expect(others).toMatchObject({ accepted: 2 });
    expect([await deleted(hostile, first), await deleted(hostile, second)]).toEqual([[true], [true]]);
  });

  it('by a wider key counts for a narrower one, and each keeps its own', async () => {
    const message = await anUntoldMessage(hostile);
    const wide = await aKeyFor([victim, hostile]);
    const [narrowly, widely] = [aShortLink(), aShortLink()];
    await imports(tenant, hostile, message, article(narrowly));
    await imports(wide, hostile, message, article(widely));
    const targetFor = async (url: string, headers: Headers) => {
      const { id, msg_id } = (await post({ merchant: hostile, url, not_before: '2026-12-31T00:00:00Z' }, headers)).body;
      await system.call('POST', `/v1/deletions/${id}/cancel`);
      return msg_id;
    };
    expect(await targetFor(narrowly, tenant)).toBe(message);
    expect(await targetFor(widely, tenant)).toBe(message);
    expect(await targetFor(widely, wide)).toBe(message);
    expect(await targetFor(narrowly, wide)).toBeNull();
  });

  it('gives way to what a key without limits imports, which then needs the merchant named', async () => {
    const [meant, decoy] = [await anUntoldMessage(hostile), await anUntoldMessage(hostile)];
    const short = aShortLink();
    await imports(tenant, hostile, decoy, article(short));
    await imports(PROVIDER, hostile, meant, article(short));
    const refused = await takeDown({ urls: [short] });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ code: 'url_ambiguous' }] } });
    expect(refused.body.errors[0].detail).toContain(hostile);
    for (const headers of [PROVIDER, tenant]) {
      expect((await post({ merchant: hostile, url: short }, headers)).body.msg_id).toBe(meant);
    }
  });
});

describe('what an older release left', () => {
  it('counts for nobody until a key without limits imports it again', async () => {
    const [meant, decoy] = [await anUntoldMessage(victim), await anUntoldMessage(hostile)];
    const url = await addressOf(victim, meant);
    const biz = new URL(url).searchParams.get('__biz');
    const ofHostile = `(SELECT id FROM merchants WHERE authorizer_appid = '${hostile}')`;
    const short = aShortLink();
    await system.sql(`UPDATE merchants SET biz = $1 WHERE authorizer_appid = $2`, [biz, hostile]);
    await system.sql(
      `INSERT INTO mass_messages (merchant_id, msg_id, status, label) VALUES (${ofHostile}, $1, 'imported', 'old')`,
      [decoy],
    );
    await system.sql(
      `INSERT INTO mass_message_articles (merchant_id, msg_id, article_idx, url, short_id) VALUES (${ofHostile}, $1, 1, $2, $3)`,
      [decoy, short, short.split('/').at(-1)],
    );
    expect((await takeDown({ urls: [url, short] })).body.errors).toMatchObject([
      { code: 'url_not_resolved' },
      { code: 'url_not_resolved' },
    ]);
    expect((await takeDown({ label: 'old', whole_message: true })).status).toBe(422);
    await imports(PROVIDER, victim, meant, article(url));
    expect((await listed(hostile))[0]).toMatchObject({
      msg_id: decoy,
      label: null,
      articles: [{ url: short, source: null }],
    });
    await imports(PROVIDER, hostile, decoy, article(short));
    expect((await listed(hostile))[0]).toMatchObject({ label: null, articles: [{ url: short, source: 'import' }] });
    const item = { merchant: hostile, url: short };
    expect((await takeDown({ items: [item], dry_run: true })).body).toMatchObject({ deletions: 1 });
  });
});

describe('the address that was asked for', () => {
  const proofOf = async (id: string, format: string) => {
    const answer = await fetch(`${system.url}/v1/takedowns/${id}/proof?format=${format}`, {
      headers: { authorization: `Bearer ${system.apiKey}` },
    });
    return Buffer.from(await answer.arrayBuffer());
  };

  it('stands in the proof of each takedown that asked, also where the deletion was there before', async () => {
    const message = await aToldMessage(victim);
    const url = await addressOf(victim, message);
    const spelled = `${url.replace('http:', 'https:').replace('#rd', '')}&scene=27`;
    const first = await finished({ items: [{ merchant: victim, msg_id: message, article_idx: 1 }] });
    const second = await finished({ urls: [spelled] });
    expect(second).toMatchObject({ already_deleted: 1 });
    for (const format of ['json', 'ndjson', 'csv']) {
      expect((await proofOf(first.id, format)).toString()).not.toContain('__biz');
      const proof = await proofOf(second.id, format);
      expect(proof.toString()).toContain(spelled);
      expect(await system.judged(proof)).toMatch(/^ok: 1 deletion,/);
      const changed = proof.toString().replace('scene=27', 'scene=28');
      expect(await system.judged(changed)).toMatch(/^not ok: line \d/);
    }
  });

  it('goes with a deletion to the takedown that takes it over', async () => {
    const message = await aToldMessage(victim);
    const url = (await addressOf(victim, message)).replace('#rd', '');
    const [one, other] = [`${url}&scene=1`, `${url}&scene=2`];
    const first = (await takeDown({ urls: [one], undo_seconds: 600 })).body;
    const second = (await takeDown({ urls: [other], undo_seconds: 600 })).body;
    await system.call('POST', `/v1/takedowns/${first.id}/cancel`);
    expect((await proofOf(first.id, 'json')).toString()).toContain('scene=1');
    expect((await proofOf(second.id, 'json')).toString()).toContain('scene=2');
    await system.call('POST', `/v1/takedowns/${second.id}/cancel`);
  });
});
