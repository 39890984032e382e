import { PLATFORM, System } from './support/system.js';

const PATH = `/v1/platforms/${PLATFORM.component_appid}/doctor`;

describe('the doctor of a platform', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    await system.onboardMerchant();
  });
  afterAll(() => system.close());

  /** As if the last minute were over. */
  async function examine(): Promise<Record<string, [state: string, code: string]>> {
    await system.sql('UPDATE platforms SET examine_asked_at = NULL');
    const { status, body } = await system.call('POST', PATH);
    expect(status).toBe(200);
    return Object.fromEntries(body.checks.map(({ name, state, code }: any) => [name, [state, code]]));
  }

  it('finds all well', async () => {
    expect(await examine()).toEqual({
      pushes_arrive: ['ok', 'pushes_arrive'],
      ticket: ['ok', 'ticket_fresh'],
      component_token: ['ok', 'token_works'],
      ip_listed: ['ok', 'ip_listed'],
      clock_database: ['ok', 'clock_agrees'],
      clock_wechat: ['ok', 'clock_agrees'],
      authorizer_list: ['ok', 'list_agrees'],
      merchants: ['ok', 'all_eligible'],
    });
  });

  it('takes no lapsed grant for drift, which WeChat lists for as long as it is not taken back', async () => {
    const listIs = async (change: string) => {
      await system.sql(`UPDATE merchants SET ${change}`);
      return (await examine()).authorizer_list;
    };
    const [before] = await system.sql<{ token: string }>('SELECT refresh_token_sealed AS token FROM merchants');
    expect(await listIs(`state = 'reauthorization_required'`)).toEqual(['ok', 'list_agrees']);
    expect(await listIs(`state = 'unauthorized'`)).toEqual(['ok', 'list_agrees']);
    expect(await listIs('refresh_token_sealed = NULL')).toEqual(['failed', 'list_drift']);
    await system.sql(`UPDATE merchants SET state = 'authorized', refresh_token_sealed = $1`, [before?.token]);
  });

  it('is asked once a minute', async () => {
    await examine();
    const { status, body, headers } = await system.call('POST', PATH);
    expect([status, body.code]).toEqual([429, 'examined_too_soon']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('sees that no push comes, and what cannot be known then', async () => {
    const [before] = await system.sql<{ at: Date }>('SELECT ticket_received_at AS at FROM platforms');
    await system.sql(`UPDATE platforms SET ticket_received_at = now() - interval '13 hours'`);
    await system.sql(`UPDATE callback_events SET received_at = now() - interval '13 hours'`);
    await system.sql(`DELETE FROM access_tokens WHERE holder_id IN (SELECT id FROM platforms)`);
    expect(await examine()).toMatchObject({
      pushes_arrive: ['failed', 'pushes_silent'],
      ticket: ['failed', 'ticket_missing'],
      component_token: ['failed', 'ticket_missing'],
      ip_listed: ['unknown', 'ticket_missing'],
      clock_database: ['ok', 'clock_agrees'],
      clock_wechat: ['unknown', 'clock_not_told'],
      authorizer_list: ['unknown', 'ticket_missing'],
    });
    await system.sql(`UPDATE platforms SET ticket_received_at = $1`, [before?.at]);
    // The mint that failed would be remembered for a while.
    await system.sql(`DELETE FROM access_tokens WHERE holder_id IN (SELECT id FROM platforms)`);
  });

  it('names the address that WeChat does not take calls from', async () => {
    await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { ip_list: ['192.0.2.1'] });
    await system.sql('UPDATE platforms SET examine_asked_at = NULL');
    const { body } = await system.call('POST', PATH);
    await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { ip_list: null });
    // The mint that failed would be remembered for a while.
    await system.sql(`DELETE FROM access_tokens WHERE holder_id IN (SELECT id FROM platforms)`);
    expect(body.checks).toContainEqual({
      name: 'ip_listed',
      state: 'failed',
      code: 'ip_not_listed',
      facts: { ip: expect.stringMatching(/127\.0\.0\.1$/) },
    });
    expect(body.checks).toContainEqual(expect.objectContaining({ name: 'component_token', state: 'unknown' }));
  });

  it('sees merchants that WeChat does not list', async () => {
    await system.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, ineligible_reasons)
       SELECT gen_random_uuid(), id, 'wxunlisted', 'authorized', '{not_verified}' FROM platforms`,
    );
    expect(await examine()).toMatchObject({
      authorizer_list: ['failed', 'list_drift'],
      merchants: ['ok', 'some_not_eligible'],
    });
  });
});
