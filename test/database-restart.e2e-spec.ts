import { eventually } from './support/eventually.js';
import { queueBackends } from './support/queue-backends.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';
import { PLATFORM, System } from './support/system.js';

describe.each(queueBackends)('a restart of the database, with the queue on %s', (_backend, queueUrlFor) => {
  let postgres: RestartablePostgres;
  let system: System;

  beforeAll(async () => {
    postgres = await startRestartablePostgres();
    system = await System.start({ database: postgres, queueUrlFor });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  const link = () => system.clickThrough(`${system.url}/authorize/${PLATFORM.component_appid}`);
  const consent = async (more: object) => {
    const { appid } = await system.control('POST', 'merchants', {});
    const { redirect_url } = await system.control('POST', 'consents', {
      link: await link(),
      authorizer_appid: appid,
      ...more,
    });
    return { appid: String(appid), redirectUrl: String(redirect_url) };
  };
  const merchant = (appid: string) => system.call('GET', `/v1/merchants/${appid}`);
  const isBack = () =>
    eventually(
      () => system.call('GET', '/health/ready'),
      ({ status }) => status === 200,
    );
  const isAuthorized = (appid: string) =>
    eventually(
      () => merchant(appid),
      ({ status, body }) => status === 200 && body.state === 'authorized' && body.eligible,
    );
  const withoutEvents = () => system.control('PUT', 'push-faults', { loss: 1, kinds: ['authorized'] });
  const withEvents = () => system.control('PUT', 'push-faults', {});

  it('before the admin comes back: the same page, loaded again, completes it', async () => {
    await withoutEvents();
    const { appid, redirectUrl } = await consent({});
    await withEvents();
    await postgres.stop();
    expect((await fetch(redirectUrl)).status).toBeGreaterThanOrEqual(500);
    await postgres.start();
    await isBack();

    expect((await fetch(redirectUrl)).status).toBe(200);
    expect((await isAuthorized(appid)).body.permission_sets).toContain(7);
  });

  it('while WeChat is being asked, so that the code is spent and its answer cannot be stored: nothing is lost', async () => {
    await withoutEvents();
    const { appid, redirectUrl } = await consent({});
    await withEvents();
    await system.control('PUT', 'latencies', {
      operation: 'api_query_auth',
      latency: { distribution: 'fixed', ms: 1_500 },
    });
    const answered = fetch(redirectUrl);
    await eventually(
      () => system.sql(`SELECT 1 FROM authorization_codes WHERE lease_owner IS NOT NULL AND merchant_id IS NULL`),
      ({ length }) => length === 1,
    );
    await postgres.stop();
    expect((await answered).status).toBeGreaterThanOrEqual(500);
    await system.control('PUT', 'latencies', { operation: 'api_query_auth', latency: null });
    await postgres.start();
    await isBack();

    // The event was lost as well: the list of authorizers has the grant.
    const synced = await eventually(
      () => system.call('POST', `/v1/platforms/${PLATFORM.component_appid}/sync`),
      ({ status }) => status === 200,
    );
    expect(synced.body).toMatchObject({ listed: 2, absent_count: 0 });
    await isAuthorized(appid);
    await deletes(appid);
  });

  it('while events come: WeChat sends them again, and each is exchanged once the database is back', async () => {
    await system.control('PATCH', 'settings', { event_push_attempts: 40 });
    await postgres.stop();
    const appids: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { appid } = await system.control('POST', 'merchants', {});
      const consented = { component_appid: PLATFORM.component_appid, authorizer_appid: appid };
      await system.control('POST', 'consents', consented);
      appids.push(String(appid));
    }
    await eventually(
      () => Promise.resolve(system.simulator.simulation.pusher.list().slice(-5)),
      (pushes) => pushes.every(({ attempts }) => attempts.length > 0),
    );
    await postgres.start();
    await isBack();
    for (const appid of appids) await isAuthorized(appid);
    await deletes(appids[0] ?? '');
  });

  it('while WeChat deletes an article: its answer is kept, and no second call is spent', async () => {
    const { appid } = await consent({ follow_redirect: true });
    await isAuthorized(appid);
    const msgId = await system.sendMassMessage(appid);
    const slow = (latency: object | null) => system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
    await slow({ distribution: 'fixed', ms: 2_000 });
    const target = { merchant: appid, msg_id: msgId, article_idx: 1 };
    const { id } = (await system.call('POST', '/v1/deletions', target)).body;
    await eventually(
      () => system.sql(`SELECT 1 FROM deletion_attempts WHERE deletion_id = $1`, [id]),
      ({ length }) => length === 1,
    );
    await postgres.stop();
    await slow(null);
    // The answer comes while there is no database.
    await eventually(
      () => system.control('GET', `merchants/${appid}/mass-messages/${msgId}`),
      ({ articles }) => articles[0].is_deleted,
    );
    await postgres.start();
    await isBack();
    expect(await system.finished(id)).toMatchObject({
      state: 'succeeded',
      proof: 'acknowledged',
      attempts: 1,
    });
    const calls = await system.control('GET', `calls?operation=mass/delete&authorizer_appid=${appid}`);
    expect(calls.data).toHaveLength(1);
  });

  /** The grant works. */
  async function deletes(appid: string): Promise<void> {
    const msgId = await system.sendMassMessage(appid);
    const accepted = await eventually(
      () => system.call('POST', '/v1/deletions', { merchant: appid, msg_id: msgId, article_idx: 1 }),
      ({ status }) => status === 202 || status === 200,
    );
    expect(await system.finished(accepted.body.id)).toMatchObject({ state: 'succeeded' });
  }
});
