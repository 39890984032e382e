import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { eventually } from './support/eventually.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

describe.each(anyQueueBackend)('pacing, with the queue on %s,', (_backend, queueUrlFor) => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  /** Deletions of articles of so many messages. @returns their ids */
  async function remove(merchant: string, firstMsgId: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const msgId = String(BigInt(firstMsgId) + BigInt(i));
      const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1 });
      ids.push(body.id);
    }
    return ids;
  }
  const calls = async (merchant: string): Promise<{ at: number; errcode: number }[]> => {
    const query = `calls?operation=mass/delete&authorizer_appid=${merchant}&limit=10000`;
    const { data } = await system.control('GET', query);
    return data.map(({ at, errcode }: { at: string; errcode: number }) => ({ at: Date.parse(at), errcode }));
  };

  it('never calls more often in any stretch of time than the rate allows calls that may be late', async () => {
    const [one] = await system.grantedMerchants(1, 120);
    if (!one) throw new Error('no merchant');
    await system.control('PATCH', `merchants/${one.merchant}/quotas`, { 'mass/delete': { daily_limit: 10_000 } });
    await system.call('PATCH', `/v1/merchants/${one.merchant}`, { rate_per_minute: 600, daily_limit: 10_000 });
    await remove(one.merchant, one.msgId, 120);
    const made = await eventually(
      () => calls(one.merchant),
      (all) => all.length >= 120,
    );
    expect(made.map(({ at }) => at)).not.toContain(NaN);
    expect(made.filter(({ errcode }) => errcode !== 0)).toEqual([]);
    for (const windowMs of [1_000, 5_000, 10_000, 60_000]) {
      const most = Math.max(...made.map(({ at }, i) => made.slice(i).filter((call) => call.at < at + windowMs).length));
      expect(most).toBeLessThanOrEqual(Math.ceil((windowMs + 1_250) / (61_250 / 600)));
    }
  });

  it('takes a new slot for a call that was so long in being written down that it would come close to the next', async () => {
    const [one] = await system.grantedMerchants(1, 1);
    if (!one) throw new Error('no merchant');
    await system.call('PATCH', `/v1/merchants/${one.merchant}`, { rate_per_minute: 60 });
    // Without a token, the call is not written down with the claim.
    const ofMerchant = `(SELECT id FROM merchants WHERE authorizer_appid = '${one.merchant}')`;
    await system.sql(`UPDATE access_tokens SET use_until = now() WHERE holder_id = ${ofMerchant}`);
    await system.control('PUT', 'latencies', {
      operation: 'api_authorizer_token',
      latency: { distribution: 'fixed', ms: 700 },
    });
    const [id = ''] = await remove(one.merchant, one.msgId, 1);
    await eventually(
      () => system.call('GET', `/v1/deletions/${id}`),
      ({ body }) => body.state === 'running',
    );
    await system.api.get(DataSource).transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM deletions WHERE id = $1 FOR UPDATE`, [id]);
      await eventually(
        () =>
          system.sql(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%deletion_attempts%'`,
          ),
        ({ length }) => length > 0,
      );
      await delay(1_600);
    });
    expect(await system.finished(id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    await system.control('PUT', 'latencies', { operation: 'api_authorizer_token', latency: null });
    const [call, ...others] = await calls(one.merchant);
    expect(others).toEqual([]);
    const [lane] = await system.sql<{ next_slot_at: Date }>(
      `SELECT next_slot_at FROM merchant_pacing WHERE merchant_id = ${ofMerchant}`,
    );
    const interval = 61_250 / 60;
    expect(lane?.next_slot_at.getTime()).toBeGreaterThanOrEqual((call?.at ?? NaN) + interval - 1_250);
  });

  it('counts one call of the day for a deletion whose token was refused at first, though the next slot is far', async () => {
    const [one] = await system.grantedMerchants(1, 1);
    if (!one) throw new Error('no merchant');
    const path = `/v1/merchants/${one.merchant}`;
    await system.call('PATCH', path, { rate_per_minute: 60 });
    const tokens = `platforms/${PLATFORM.component_appid}/authorizers/${one.merchant}/tokens`;
    await system.control('POST', tokens, { action: 'lose_tokens' });
    const [id = ''] = await remove(one.merchant, one.msgId, 1);
    expect(await system.finished(id)).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect((await system.call('GET', path)).body.quota).toMatchObject({ used_today: 1 });
  });

  it('asks WeChat when the day seems spent, and goes on with what it allows', async () => {
    const [one, other] = await system.grantedMerchants(2, 20);
    if (!one || !other) throw new Error('no merchant');
    await system.control('PATCH', `merchants/${one.merchant}/quotas`, { 'mass/delete': { daily_limit: 30, used: 4 } });
    const ids = await remove(one.merchant, one.msgId, 20);
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded', eta: null });
    const { body } = await system.call('GET', `/v1/merchants/${one.merchant}`);
    expect(body).toMatchObject({
      limits: { daily_limit: 30, learned_daily_limit: 30 },
      quota: { used_today: 24 },
      pending: 0,
      eta: null,
    });
    const untouched = await system.call('GET', `/v1/merchants/${other.merchant}`);
    expect(untouched.body.limits).toMatchObject({ daily_limit: 10, learned_daily_limit: null });
  });

  it('makes the ten calls a day of an account that authorized two platforms, and not one more', async () => {
    const second = { ...PLATFORM, component_appid: 'wxfedcba9876543210' };
    await system.registerPlatform(second);
    const [one] = await system.grantedMerchants(1, 20);
    if (!one) throw new Error('no merchant');
    const link = await system.clickThrough(`${system.url}/authorize/${second.component_appid}`);
    await system.control('POST', 'consents', { link, authorizer_appid: one.merchant, follow_redirect: true });
    const path = (platform: string) => `/v1/merchants/${one.merchant}?component_appid=${platform}`;
    const platforms = [PLATFORM.component_appid, second.component_appid];
    for (const platform of platforms) {
      await eventually(
        () => system.call('GET', path(platform)),
        ({ status, body }) => status === 200 && body.eligible !== false,
      );
    }

    const ids: string[] = [];
    for (let i = 0; i < 16; i++) {
      const { status, body } = await system.call('POST', '/v1/deletions', {
        merchant: one.merchant,
        component_appid: platforms[i % 2],
        msg_id: String(BigInt(one.msgId) + BigInt(i)),
        article_idx: 1,
        priority: 'urgent',
      });
      expect(status).toBe(202);
      ids.push(body.id);
    }
    const seen = await eventually(
      () => Promise.all(ids.map(async (id) => (await system.call('GET', `/v1/deletions/${id}`)).body)),
      (all) => all.every(({ finished_at, waiting_for }) => finished_at !== null || waiting_for === 'daily_quota'),
    );
    expect(seen.filter(({ state }) => state === 'succeeded')).toHaveLength(10);
    expect(seen.filter(({ waiting_for }) => waiting_for === 'daily_quota')).toHaveLength(6);
    expect((await calls(one.merchant)).map(({ errcode }) => errcode)).toEqual(Array(10).fill(0));
    for (const platform of platforms) {
      expect((await system.call('GET', path(platform))).body.quota).toMatchObject({ used_today: 10 });
    }
  });

  it('asks WeChat for the quota when somebody wants to know, once a minute', async () => {
    const [one] = await system.grantedMerchants(1, 1);
    if (!one) throw new Error('no merchant');
    const read = () => system.call('POST', `/v1/merchants/${one.merchant}/read-quota`);
    await system.control('PATCH', `merchants/${one.merchant}/quotas`, { 'mass/delete': { used: 4, daily_limit: 50 } });
    const told = { limits: { learned_daily_limit: 50, daily_limit: 50 }, quota: { used_today: 4 } };
    expect(await read()).toMatchObject({ status: 200, body: told });
    await system.control('PATCH', `merchants/${one.merchant}/quotas`, { 'mass/delete': { used: 9 } });
    expect(await read()).toMatchObject({ status: 200, body: told });
    const audit = await system.call('GET', `/v1/audit-events?subject=${one.merchant}&action=merchant.quota_read`);
    expect(audit.body.data).toHaveLength(1);
  });

  it('clears a quota on request, ten times a month, and leaves a word of it', async () => {
    const [one] = await system.grantedMerchants(1, 12);
    if (!one) throw new Error('no merchant');
    const path = `/v1/merchants/${one.merchant}`;
    await system.control('PATCH', `merchants/${one.merchant}/quotas`, { 'mass/delete': { used: 10 } });
    const ids = await remove(one.merchant, one.msgId, 2);
    const waiting = await eventually(
      () => system.call('GET', `/v1/deletions/${ids[1]}`),
      ({ body }) => body.waiting_for === 'daily_quota',
    );
    const { body: before } = await system.call('GET', path);
    expect(waiting.body.eta).toEqual(expect.any(String));
    expect(Date.parse(waiting.body.eta)).toBeGreaterThanOrEqual(Date.parse(before.quota.resets_at));

    const cleared = await system.call('POST', `${path}/clear-quota`);
    expect(cleared).toMatchObject({ status: 200, body: { quota: { clears_left: 9 } } });
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
    const audit = await system.call('GET', '/v1/audit-events');
    expect(audit.body.data).toContainEqual(expect.objectContaining({ action: 'merchant.quota_cleared' }));

    // Others cleared it too: WeChat says so at the tenth.
    await system.sql(`UPDATE account_ledgers SET clears_used = 3 WHERE authorizer_appid = $1`, [one.merchant]);
    const answers: number[] = [];
    for (let i = 0; i < 10; i++) answers.push((await system.call('POST', `${path}/clear-quota`)).status);
    expect(answers).toEqual([...Array<number>(7).fill(200), 409, 409, 409]);
    const refused = await system.call('POST', `${path}/clear-quota`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'quota_clears_spent' } });
    expect((await system.call('GET', path)).body.quota.clears_left).toBe(0);
  });
});
