import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

describe('a deletion that shall be tried although the facts speak against it', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  const post = (merchant: string, msgId: string, more: object = {}) =>
    system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1, ...more });
  const ended = (id: string) =>
    eventually(
      async () => (await system.call('GET', `/v1/deletions/${id}`)).body,
      ({ finished_at }) => finished_at !== null,
    );
  const facts = (appid: string, columns: string) =>
    system.sql(`UPDATE merchants SET ${columns} WHERE authorizer_appid = $1`, [appid]);

  it.each([
    ['not_verified', 'verify_type = -1'],
    ['account_frozen', 'account_status = 19'],
    ['permission_set_7_not_granted', `permission_sets = '{1}'`],
  ])('goes to WeChat, which decides, when they say %s, and is audited so', async (reason, columns) => {
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    await facts(merchant, `${columns}, ineligible_reasons = '{${reason}}'`);
    expect(await post(merchant, msgId)).toMatchObject({ status: 409, body: { reasons: [reason] } });
    const accepted = await post(merchant, msgId, { try_anyway: true });
    expect(accepted).toMatchObject({ status: 202, body: { try_anyway: true } });
    expect(await ended(accepted.body.id)).toMatchObject({ state: 'succeeded', try_anyway: true });
    const acts = await eventually(
      async () => (await system.call('GET', `/v1/audit-events?subject=${accepted.body.id}`)).body.data,
      ({ length }) => length > 0,
    );
    expect(acts).toMatchObject([{ action: 'deletion.accepted', data: { try_anyway: true } }]);
  });

  it('fails with what WeChat answers, and then the others of that time need no call each', async () => {
    const merchant = await system.onboardMerchant();
    await facts(merchant, `verify_type = -1, ineligible_reasons = '{not_verified}'`);
    await system.control('POST', 'faults', {
      operation: 'mass/delete',
      authorizer_appid: merchant,
      outcome: 'errcode',
      errcode: 48001,
    });
    const first = await post(merchant, '3147483661', { try_anyway: true });
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const second = await post(merchant, '3147483662', { try_anyway: true, not_before: later });
    expect(await ended(first.body.id)).toMatchObject({ state: 'failed', outcome: { errcode: 48001 } });
    await system.sql(
      `INSERT INTO lane_wakes (merchant_id, ready_at) SELECT id, now() FROM merchants WHERE authorizer_appid = $1`,
      [merchant],
    );
    expect(await ended(second.body.id)).toMatchObject({
      state: 'failed',
      attempts: 0,
      outcome: { code: 'merchant_must_act' },
    });
  });

  it.each([
    ['unauthorized', `state = 'unauthorized'`],
    ['reauthorization_required', `state = 'reauthorization_required'`],
    ['not_an_official_account', 'is_mini_program = true'],
  ])('is refused all the same when the merchant is %s', async (reason, columns) => {
    const merchant = await system.onboardMerchant();
    await facts(merchant, `${columns}, ineligible_reasons = '{${reason}}'`);
    const refused = await post(merchant, '3147483661', { try_anyway: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'merchant_not_eligible', reasons: [reason] } });
  });

  it('makes an open deletion of the same target so', async () => {
    const merchant = await system.onboardMerchant();
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await post(merchant, '3147483661', { not_before: later });
    const again = await post(merchant, '3147483661', { not_before: later, try_anyway: true });
    expect(again).toMatchObject({ status: 200, body: { id: body.id, try_anyway: true } });
    expect(PLATFORM.component_appid).toBe(body.component_appid);
  });
});
