import { randomBytes } from 'node:crypto';
import { System } from './support/system.js';

const BIZ = 'MzAwMDAwMDAwMQ==';
const SN = '7f578d217699fabba9d56e29354ce065';
const MSG_ID = '3147483661';
/** As WeChat's push tells it. */
const PUSHED = `http://mp.weixin.qq.com/s?__biz=${BIZ}&mid=2247499360&idx=2&sn=${SN}&chksm=9b9c#rd`;
const CLEAN = `https://mp.weixin.qq.com/s?__biz=${BIZ}&mid=2247499360&idx=2&sn=${SN}`;
/** Before 2014. Its message is known from an import. */
const OLD = `http://mp.weixin.qq.com/mp/appmsg/show?__biz=${BIZ}&appmsgid=10000043&itemidx=1&sign=9adf0474abe6c7fb20abd2c847bc7133#wechat_redirect`;
const OLD_MSG_ID = '400000001';

const NO_ARTICLES: [string, string][] = [
  ['the first page', 'https://mp.weixin.qq.com/'],
  ['a page of the console', 'https://mp.weixin.qq.com/cgi-bin/home?t=home/index'],
  ['no parameters', 'https://mp.weixin.qq.com/s'],
  ['an account alone', `https://mp.weixin.qq.com/s?__biz=${BIZ}`],
  ['another port', CLEAN.replace('.com', '.com:8443')],
  ['a user', CLEAN.replace('mp.', 'me@mp.')],
  ['another site', CLEAN.replace('.com', '.com.example.com')],
  ['a title before it', `春季特卖 ${CLEAN}`],
  ['a blank inside', CLEAN.replace('&mid', ' &mid')],
  ['a link that was cut', `${CLEAN.slice(0, -9)}...`],
];

let system: System;
/** Whose article it is. */
let owner: string;
/** Of whose addresses nothing is known. */
let other: string;

beforeAll(async () => {
  system = await System.start({ withWorker: false });
  await system.registerPlatform();
  [owner, other] = [await grantedMerchant(), await grantedMerchant()];
  await system.tellOfMassSend(owner, MSG_ID, [{ ArticleIdx: 2, ArticleUrl: PUSHED }]);
  await importUrl(owner, OLD_MSG_ID, OLD);
});
afterAll(() => system.close());

async function grantedMerchant(): Promise<string> {
  const appid = `wx${randomBytes(8).toString('hex')}`;
  await system.sql(
    `INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets, service_type, verify_type, account_status)
     SELECT gen_random_uuid(), id, $1, 'authorized', '{7}', 2, 0, 1 FROM platforms`,
    [appid],
  );
  return appid;
}

const importUrl = (merchant: string, msg_id: string, url: string) =>
  system.call('POST', '/v1/mass-messages', { merchant, msg_id, articles: [{ article_idx: 1, url }] });
const takeDown = (body: object) => system.call('POST', '/v1/takedowns', { undo_seconds: 600, ...body });
const countOf = async (table: string) => Number((await system.sql(`SELECT count(*) FROM ${table}`))[0]?.['count']);

/** @returns the deletions of a takedown that is then cancelled */
async function deletionsOf(id: string) {
  const { data } = (await system.call('GET', `/v1/takedowns/${id}/deletions`)).body;
  await system.call('POST', `/v1/takedowns/${id}/cancel`);
  return data;
}

describe('a link as it was pasted', () => {
  it.each([
    ['from HTML or share XML', CLEAN.replaceAll('&', '&amp;')],
    ['from HTML in HTML', CLEAN.replaceAll('&', '&amp;amp;')],
    ['with numbered entities', CLEAN.replaceAll('&', '&#38;')],
    ['from the source of a page', `"${CLEAN.replaceAll('&', '\\x26amp;')}"`],
    ['with a slash before the question mark', CLEAN.replace('/s?', '/s/?')],
    ['with its account encoded', CLEAN.replaceAll('==', '%3D%3D')],
    ['without a scheme', CLEAN.replace('https://', '')],
    ['with a host in capitals', CLEAN.replace('mp.weixin.qq.com', 'MP.WEIXIN.QQ.COM')],
    ['in blanks', ` \u3000${CLEAN}\n`],
    ['in quotes', `"${CLEAN}"`],
    ['in Chinese quotes', `「${CLEAN}」`],
    ['before a comma', `${CLEAN},`],
    ['before a full stop', `${CLEAN}。`],
  ])('is found %s', async (_how, url) => {
    const { body } = await takeDown({ urls: [url] });
    expect(body).toMatchObject({ accepted: 1, errors: [] });
    expect(await deletionsOf(body.id)).toMatchObject([{ merchant: owner, msg_id: MSG_ID, article_idx: 2, url: null }]);
    const named = await takeDown({ items: [{ merchant: other, url }] });
    expect(named).toMatchObject({ status: 422, body: { errors: [{ code: 'url_of_another_merchant' }] } });
  });

  it('is found in its old form, and kept for its account', async () => {
    const { body } = await takeDown({ urls: [OLD] });
    expect(await deletionsOf(body.id)).toMatchObject([{ merchant: owner, msg_id: OLD_MSG_ID, article_idx: 1 }]);
    const unknown = OLD.replace('10000043', '10000044');
    const own = await takeDown({ urls: [unknown] });
    const url = `https://mp.weixin.qq.com/s?__biz=${BIZ}&mid=10000044&idx=1&sn=9adf0474abe6c7fb20abd2c847bc7133`;
    expect(await deletionsOf(own.body.id)).toMatchObject([{ merchant: owner, msg_id: null, url }]);
    const named = await takeDown({ items: [{ merchant: other, url: unknown }] });
    expect(named).toMatchObject({ status: 422, body: { errors: [{ code: 'url_of_another_merchant' }] } });
  });

  it.each([
    ['that is known', CLEAN, { msg_id: MSG_ID }],
    ['that is not', CLEAN.replace('mid=2', 'mid=3'), { url: CLEAN.replace('mid=2', 'mid=3') }],
  ])('is one deletion with the other spellings of an article %s', async (_which, clean, target) => {
    const spellings = [
      clean.replaceAll('&', '&amp;'),
      `${clean.replace('https', 'http')}&scene=27#wechat_redirect`,
      clean.replace('/s?', '/s/?'),
      `“${clean}”，`,
    ];
    const { body } = await takeDown({ urls: spellings });
    expect(body).toMatchObject({ accepted: 1, already_open: 3, rejected: 0 });
    expect(await deletionsOf(body.id)).toMatchObject([target]);
  });

  it('is found by an import that was spelled otherwise', async () => {
    const merchant = await grantedMerchant();
    const clean = 'https://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwMw==&mid=2650000001&idx=1&sn=0123456789abcdef';
    expect((await importUrl(merchant, '3100000001', clean.replaceAll('&', '&amp;'))).body.imported).toBe(1);
    const listed = await system.call('GET', `/v1/mass-messages?merchant=${merchant}`);
    expect(listed.body.data).toMatchObject([{ articles: [{ url: clean }] }]);
    expect((await takeDown({ urls: [clean] })).body.errors).toMatchObject([{ code: 'url_ambiguous' }]);
    const { body } = await takeDown({ items: [{ merchant, url: clean }] });
    expect(await deletionsOf(body.id)).toMatchObject([{ merchant, msg_id: '3100000001', article_idx: 1 }]);
  });

  it('is found by a push that was spelled otherwise', async () => {
    const merchant = await grantedMerchant();
    const clean = 'https://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwNA==&mid=2650000001&idx=1&sn=0123456789abcdef';
    await system.tellOfMassSend(merchant, '3200000001', [
      { ArticleIdx: 1, ArticleUrl: clean.replaceAll('&', '&amp;') },
    ]);
    const { body } = await takeDown({ urls: [clean] });
    expect(await deletionsOf(body.id)).toMatchObject([{ merchant, msg_id: '3200000001', article_idx: 1 }]);
  });

  it('is taken by a single deletion, once', async () => {
    const clean = 'https://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwNQ==&mid=2650000002&idx=1&sn=0123456789abcdef';
    const post = async (url: string) => (await system.call('POST', '/v1/deletions', { merchant: other, url })).body;
    const first = await post(clean.replaceAll('&', '&amp;'));
    expect(first).toMatchObject({ merchant: other, url: clean, state: 'queued' });
    expect(await post(` ${clean.replace('/s?', '/s/?')}。`)).toMatchObject({ id: first.id, url: clean });
    await system.call('POST', `/v1/deletions/${first.id}/cancel`);
  });

  it('is explained where it is short and nobody knows it', async () => {
    const { body } = await takeDown({ urls: ['https://mp.weixin.qq.com/s/NobodyKnows'] });
    const [{ code, detail }] = body.errors;
    expect(code).toBe('url_not_resolved');
    expect(detail).toMatch(/name the merchant.*browser.*long address.*import the message/);
  });
});

describe('what names no article', () => {
  it.each(NO_ARTICLES)('is refused at every door: %s', async (_what, url) => {
    const tables = ['deletions', 'takedowns', 'mass_messages'];
    const before = await Promise.all(tables.map(countOf));
    const one = await system.call('POST', '/v1/deletions', { merchant: owner, url });
    expect(one).toMatchObject({ status: 422, body: { code: 'url_not_an_article' } });
    for (const wish of [{ urls: [url] }, { items: [{ merchant: owner, url }] }]) {
      expect((await takeDown(wish)).body.errors).toMatchObject([{ line: 1, code: 'url_not_an_article' }]);
    }
    const imported = await importUrl(owner, '3300000001', url);
    expect(imported.body).toMatchObject({ imported: 0, errors: [{ line: 1, code: 'url_not_an_article' }] });
    expect(await Promise.all(tables.map(countOf))).toEqual(before);
  });
});
