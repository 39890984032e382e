import { System, type Reply } from './support/system.js';

let system: System;
let merchants: { merchant: string; msgId: string }[];
let lastMsgId = 9_100_000_000;

beforeAll(async () => {
  system = await System.start({
    env: {
      MAX_PENDING_PER_MERCHANT: '6',
      MAX_KEYS_PER_TENANT: '3',
      MAX_ETA_DAYS: '1',
      DEFAULT_DAILY_QUOTA: '4',
      API_RATE_PER_MINUTE: '1000',
    },
  });
  await system.registerPlatform();
  merchants = await system.grantedMerchants(4, 1);
  // What is accepted stays open.
  await system.stopWorker();
});
afterAll(() => system.close());

const aMerchant = () => merchants.pop()?.merchant ?? '';
const wishOf = (merchant: string, more: object = {}) => ({
  merchant,
  msg_id: String(++lastMsgId),
  article_idx: 1,
  ...more,
});
const as =
  (key: string) =>
  (method: string, path: string, body?: unknown): Promise<Reply> =>
    system.call(method, path, body, { authorization: `Bearer ${key}` });
const issue = (key: string, limits: string[]) =>
  as(key)('POST', '/v1/api-keys', { name: 'k', role: 'admin', merchants: limits });
const keyOf = ({ body }: Reply) => String((body as { key: string }).key);

describe('a hostile tenant', () => {
  it('cannot multiply its rate or its keys by issuing narrower ones', async () => {
    const [one, other] = [aMerchant(), aMerchant()];
    const tenant = keyOf(await issue(system.apiKey, [one, other]));
    const narrower = keyOf(await issue(tenant, [one]));
    const left = async (key: string) =>
      Number(/;r=(\d+)/.exec((await as(key)('GET', '/v1/merchants')).headers.get('ratelimit') ?? '')?.[1]);
    const before = await left(tenant);
    expect([await left(narrower), await left(tenant)]).toEqual([before - 1, before - 2]);
    expect(await issue(narrower, [one])).toMatchObject({ status: 201, body: { tenant: expect.any(String) } });
    for (const key of [tenant, narrower]) {
      expect(await issue(key, [one])).toMatchObject({ status: 409, body: { code: 'api_keys_too_many' } });
    }
    expect((await issue(system.apiKey, [other, one])).status).toBe(201);
    merchants.push({ merchant: one, msgId: '' });
  });

  it('fills its own part of a merchant’s lane, and the provider’s urgent takedown passes', async () => {
    const merchant = aMerchant();
    const tenant = as(keyOf(await issue(system.apiKey, [merchant])));
    for (let i = 0; i < 6; i++) {
      expect(await tenant('POST', '/v1/deletions', wishOf(merchant, { allow_late: true }))).toMatchObject({
        status: 202,
      });
    }
    expect(await tenant('POST', '/v1/deletions', wishOf(merchant, { allow_late: true }))).toMatchObject({
      status: 409,
      body: { code: 'pending_too_many', ceiling: 'merchant', limit: 6 },
    });
    const items = [wishOf(merchant)];
    expect(await tenant('POST', '/v1/takedowns', { items, allow_late: true })).toMatchObject({
      status: 422,
      body: { errors: [{ line: 1, code: 'pending_too_many' }] },
    });
    const urgent = await system.call('POST', '/v1/takedowns', { items, priority: 'urgent' });
    expect(urgent).toMatchObject({ status: 202, body: { accepted: 1, rejected: 0 } });
  });
});

describe('a deletion that would come late', () => {
  let merchant: string;
  beforeAll(() => {
    merchant = aMerchant();
  });

  it('is left out of a takedown, and told by its dry run, unless it says that it may', async () => {
    const items = Array.from({ length: 10 }, () => wishOf(merchant));
    const lines = items.map((item) => JSON.stringify(item)).join('\n');
    const late = expect.arrayContaining([
      { line: 10, code: 'eta_too_late', detail: expect.stringContaining('allow_late') },
    ]);
    const dry = await system.call('POST', '/v1/takedowns', { items, dry_run: true });
    expect(dry).toMatchObject({ status: 200, body: { errors: late } });
    const allowed = await system.call('POST', '/v1/takedowns', {
      items: items.slice(0, 6),
      allow_late: true,
      dry_run: true,
    });
    expect(allowed.body).toMatchObject({ deletions: 6, errors: [] });
    const ndjson = await system.callText('POST', '/v1/takedowns?dry_run=true&allow_late=true', lines, {
      'content-type': 'application/x-ndjson',
    });
    expect(ndjson.body).toMatchObject({ deletions: 6, rejected: 4 });
  });
});
