import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

describe('merchants of whom nothing is known yet', () => {
  let system: System;

  beforeEach(async () => {
    system = await System.start();
    await system.registerPlatform();
  });
  afterEach(() => system.close());

  const sync = () => system.call('POST', `/v1/platforms/${PLATFORM.component_appid}/sync`);
  const merchant = async (appid: string) => (await system.call('GET', `/v1/merchants/${appid}`)).body;
  const deletion = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
  const ended = (id: string) =>
    eventually(
      () => deletion(id),
      ({ finished_at }) => finished_at !== null,
    );
  const calls = (operation: string) => system.simulator.simulation.callLog.find({ operation }).length;
  /** Another system of the provider's exchanges the codes: the list of authorizers gives their refresh tokens then. */
  const exchangeCodes = () => {
    const grants = system.simulator.simulation.world.platforms.get(PLATFORM.component_appid)?.grants;
    for (const grant of grants?.values() ?? []) grant.isExchanged = true;
  };
  const bulk = async (count: number) => {
    const order = { count, messages: 1, component_appid: PLATFORM.component_appid, push: false };
    const { data } = await system.control('POST', 'merchants/bulk', order);
    exchangeCodes();
    return data.map((one: { appid: string; first_msg_id: string }) => ({
      merchant: one.appid,
      msg_id: one.first_msg_id,
      article_idx: 1,
    })) as { merchant: string; msg_id: string; article_idx: number }[];
  };

  it('are taken down at once after the sync that found them', async () => {
    const items = await bulk(60);
    expect((await sync()).body).toMatchObject({ added: 60 });
    const { status, body } = await system.call('POST', '/v1/takedowns', { items });
    expect({ status, body }).toMatchObject({ status: 202, body: { accepted: 60, rejected: 0 } });
    const done = await eventually(
      async () => (await system.call('GET', `/v1/takedowns/${body.id}`)).body,
      ({ state }) => state === 'finished',
    );
    expect(done).toMatchObject({ counts: { succeeded: 60 } });
    expect(calls('mass/delete')).toBe(60);
  });

  it('are neither eligible for sure nor lacking set 7, and their deletions wait and say for what', async () => {
    await system.stopWorker();
    const [item] = await bulk(1);
    const appid = item?.merchant ?? '';
    await sync();
    expect(await merchant(appid)).toMatchObject({
      facts_unknown: true,
      eligible: true,
      ineligible_reasons: [],
      eligibility_warnings: [{ code: 'facts_unknown' }],
      permission_sets: [],
      facts_read_at: null,
    });
    const listed = async (query: string) =>
      (await system.call('GET', `/v1/merchants?${query}`)).body.data.map((one: { appid: string }) => one.appid);
    expect(await listed('facts_unknown=true')).toEqual([appid]);
    expect(await listed('facts_unknown=false')).toEqual([]);
    expect(await listed('eligible=false')).toEqual([]);
    const accepted = await system.call('POST', '/v1/deletions', item);
    expect(accepted).toMatchObject({ status: 202, body: { state: 'waiting', waiting_for: 'facts' } });
    expect(await deletion(accepted.body.id)).toMatchObject({ state: 'waiting', waiting_for: 'facts' });
    await system.startWorker();
    expect(await ended(accepted.body.id)).toMatchObject({ state: 'succeeded' });
    expect(await merchant(appid)).toMatchObject({ facts_unknown: false, eligible: true, eligibility_warnings: [] });
    expect(await listed('facts_unknown=true')).toEqual([]);
  });

  it.each([
    ['permission_set_7_not_granted', { permission_sets: [1, 2] }, {}],
    ['not_verified', {}, { verify_type: -1 }],
    ['account_frozen', {}, { account_status: 19 }],
  ])('fail with %s without a delete call once that is known', async (code, grant, account) => {
    await system.stopWorker();
    const { appid } = await system.control('POST', 'merchants', account);
    await system.control('PUT', 'push-faults', { loss: 1, kinds: ['authorized'] });
    await system.control('POST', 'consents', {
      component_appid: PLATFORM.component_appid,
      authorizer_appid: appid,
      ...grant,
    });
    exchangeCodes();
    expect((await sync()).body).toMatchObject({ added: 1 });
    const { body } = await system.call('POST', '/v1/deletions', {
      merchant: appid,
      msg_id: '3147483661',
      article_idx: 1,
    });
    await system.startWorker();
    expect(await ended(body.id)).toMatchObject({ state: 'failed', outcome: { code, errcode: null }, attempts: 0 });
    expect(calls('mass/delete')).toBe(0);
    expect(await merchant(appid)).toMatchObject({ eligible: false, ineligible_reasons: [code], facts_unknown: false });
  });

  it('may have doubtful facts, which are told and do not keep a deletion from succeeding', async () => {
    const appid = await system.onboardMerchant({ verify_type: 5, account_status: 18 });
    expect(await merchant(appid)).toMatchObject({
      eligible: true,
      ineligible_reasons: [],
      eligibility_warnings: [{ code: 'verification_pending' }, { code: 'account_warned' }],
    });
    const msgId = await system.sendMassMessage(appid);
    const { body } = await system.call('POST', '/v1/deletions', { merchant: appid, msg_id: msgId, article_idx: 1 });
    expect(await ended(body.id)).toMatchObject({ state: 'succeeded' });
  });

  it('are let through to WeChat, which decides, when it does not tell their facts for half an hour', async () => {
    await system.control('POST', 'faults', {
      operation: 'api_get_authorizer_info',
      outcome: 'errcode',
      errcode: -1,
      times: 10_000,
    });
    const [item] = await bulk(1);
    await sync();
    const { body } = await system.call('POST', '/v1/deletions', item);
    await eventually(
      () => system.sql(`SELECT 1 FROM merchants WHERE facts_failing_since IS NOT NULL`),
      ({ length }) => length === 1,
    );
    await system.sql(`UPDATE merchants SET facts_failing_since = now() - interval '29 minutes'`);
    expect(await deletion(body.id)).toMatchObject({ state: 'waiting', waiting_for: 'facts', attempts: 0 });
    await system.sql(`UPDATE merchants SET facts_failing_since = now() - interval '31 minutes'`);
    const done = await eventually(
      () => deletion(body.id),
      ({ finished_at }) => finished_at !== null,
    );
    expect(done).toMatchObject({ state: 'succeeded' });
    expect(await merchant(item?.merchant ?? '')).toMatchObject({ facts_unknown: true, facts_read_at: null });
  });
});
