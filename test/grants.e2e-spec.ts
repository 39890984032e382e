import { AuthorizerTokens, GrantLost, Merchants } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { GrantUpkeep } from '../apps/worker/src/sweeps/grant-upkeep.js';
import { eventually } from './support/eventually.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

const ALL_SETS = [1, 2, 3, 6, 7, 11, 15];

describe.each(anyQueueBackend)('grants, with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;

  beforeEach(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
  });
  afterEach(() => system.close());

  const sync = () => system.call('POST', `/v1/platforms/${PLATFORM.component_appid}/sync`);
  const platform = async () => (await system.call('GET', `/v1/platforms/${PLATFORM.component_appid}`)).body;
  const merchant = (appid: string) => system.call('GET', `/v1/merchants/${appid}`);
  const upkeep = () => system.runningWorker.get(GrantUpkeep);
  const simulated = () => {
    const found = system.simulator.simulation.world.platforms.get(PLATFORM.component_appid);
    if (!found) throw new Error('no platform');
    return found;
  };
  const bulk = async (count: number): Promise<string[]> => {
    const order = { count, component_appid: PLATFORM.component_appid, push: false };
    const { data } = await system.control('POST', 'merchants/bulk', order);
    return data.map(({ appid }: { appid: string }) => appid);
  };
  const calls = (operation: string) => system.simulator.simulation.callLog.find({ operation }).length;
  /** All that the queue still has to do for a push is done. */
  const settled = async () => {
    await eventually(
      () => Promise.resolve(system.simulator.simulation.pusher.list().filter(({ state }) => state === 'pending')),
      ({ length }) => length === 0,
    );
    await eventually(
      () => system.sql(`SELECT kind FROM callback_events WHERE state = 'pending'`),
      ({ length }) => length === 0,
    );
  };

  it('that nobody told of are added by a sync, and their accounts read in the background', async () => {
    const appids = await bulk(20);
    const reply = await sync();
    expect(reply).toMatchObject({
      status: 200,
      body: { listed: 20, added: 20, repaired: 0, readopted: 0, absent_count: 0, absent: [] },
    });
    for (const appid of appids) {
      const { body } = await eventually(
        () => merchant(appid),
        (answer) => answer.body.facts_read_at !== null,
      );
      expect(body).toMatchObject({ state: 'authorized', permission_sets: ALL_SETS, eligible: true });
    }
    expect(calls('api_get_authorizer_list')).toBeLessThan(5);
    expect((await sync()).body).toMatchObject({ listed: 20, added: 0 });
    expect((await platform()).reconciled_at).not.toBeNull();
    expect((await system.call('POST', '/v1/platforms/wxffffffffffffffff/sync')).body.code).toBe('platform_not_found');
  });

  it('are compared with the list of authorizers once a day without anybody asking', async () => {
    const [appid = ''] = await bulk(1);
    await upkeep().reconcilePlatforms();
    expect((await platform()).reconciled_at).toBeNull();
    await system.sql(`UPDATE platforms SET created_at = now() - interval '25 hours'`);
    await upkeep().reconcilePlatforms();
    await eventually(
      () => merchant(appid),
      ({ status }) => status === 200,
    );
  });

  it('end up right after events that were lost, repeated, delayed and overtook one another', async () => {
    await system.control('PUT', 'push-faults', {
      loss: 0.3,
      duplicate: 0.4,
      reorder: 0.4,
      reorder_ms: 12_000,
      kinds: ['authorized', 'updateauthorized', 'unauthorized'],
    });
    const stories: (number[] | 'deauthorize')[][] = [
      [ALL_SETS],
      [ALL_SETS, 'deauthorize'],
      [[1], [1, 7]],
      [[1, 7], [1]],
      [ALL_SETS, 'deauthorize', [1, 7]],
      [[1], [1, 7], 'deauthorize', [1, 7], 'deauthorize'],
      [[1], 'deauthorize', [7], [1, 7], [3, 7]],
    ];
    const told = await Promise.all(
      [...stories, ...stories, ...stories, ...stories].map(async (story) => {
        const { appid } = await system.control('POST', 'merchants', {});
        return { appid: String(appid), story };
      }),
    );
    for (let step = 0; step < 5; step++) {
      for (const { appid, story } of told) {
        const now = story[step];
        if (now === undefined) continue;
        const grant = `platforms/${PLATFORM.component_appid}/authorizers/${appid}`;
        if (now === 'deauthorize') void system.control('POST', `${grant}/deauthorize`).catch(() => undefined);
        else {
          await system.control('POST', 'consents', {
            component_appid: PLATFORM.component_appid,
            authorizer_appid: appid,
            permission_sets: now,
          });
        }
      }
      await eventually(
        () => Promise.resolve(told.filter(({ appid, story }) => story[step] === 'deauthorize' && isActive(appid))),
        ({ length }) => length === 0,
      );
      // WeChat's clock goes on, so that what comes after is later by its seconds; what was held back comes now and then.
      await system.control('POST', 'clock/advance', { ms: 5_000 });
    }
    await system.control('POST', 'clock/advance', { ms: 20_000 });
    await settled();
    await system.control('PUT', 'push-faults', {});
    expect(new Set(system.simulator.simulation.pusher.list().map(({ state }) => state))).toContain('lost');

    expect((await sync()).status).toBe(200);
    await system.sql(`UPDATE access_tokens SET use_until = now() WHERE holder_id IN (SELECT id FROM merchants)`);
    for (const { appid } of told) await expectRight(appid);

    // Those whose code reached nobody: WeChat has no refresh token to give, and only the merchant can help.
    for (const { appid } of told) {
      if (!isActive(appid) || grantOf(appid)?.isExchanged) continue;
      await system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${appid}/deauthorize`);
      await system.control('POST', 'consents', {
        component_appid: PLATFORM.component_appid,
        authorizer_appid: appid,
        permission_sets: grantOf(appid)?.permissionSets,
      });
      await settled();
      await expectRight(appid);
      expect((await merchant(appid)).body.state).toBe('authorized');
    }
  });

  const grantOf = (appid: string) => simulated().grants.get(appid);
  const isActive = (appid: string) => grantOf(appid)?.isActive === true;

  /** What we hold of a merchant agrees with WeChat: a grant that works, or none. */
  async function expectRight(appid: string): Promise<void> {
    const grant = grantOf(appid);
    if (!grant?.isActive) {
      const gone = await eventually(
        () => merchant(appid),
        ({ status, body }) => status === 404 || body.state !== 'authorized',
      );
      if (gone.status === 200) expect(gone.body.eligible).toBe(false);
      return;
    }
    const { id } = await system.runningWorker.get(Merchants).find(EVERYTHING, appid);
    const held = await mintable(id);
    expect({ appid, isUsable: held !== undefined }).toEqual({ appid, isUsable: grant.isExchanged });
    if (held === undefined) {
      expect((await merchant(appid)).body).toMatchObject({ eligible: false });
      return;
    }
    expect(system.simulator.simulation.credentials.check(held)).toBeDefined();
    const { body } = await eventually(
      () => merchant(appid),
      (answer) => answer.body.permission_sets.join() === grant.permissionSets.join(),
    );
    expect(body).toMatchObject({ state: 'authorized', eligible: grant.permissionSets.includes(7) });
  }

  async function mintable(id: string): Promise<string | undefined> {
    try {
      const holder = await system.runningWorker.get(Merchants).byId(id);
      return (await system.runningWorker.get(AuthorizerTokens).current(holder)).token;
    } catch (error) {
      if (!(error instanceof GrantLost)) throw error;
      return undefined;
    }
  }

  it('have their token renewed before it ends if deletions wait, and only then', async () => {
    const [busy, idle] = [await system.onboardMerchant(), await system.onboardMerchant()];
    const msgId = await system.sendMassMessage(busy);
    const soon = new Date(Date.now() + 5 * 60_000).toISOString();
    const wish = { merchant: busy, msg_id: msgId, article_idx: 1, not_before: soon };
    expect((await system.call('POST', '/v1/deletions', wish)).status).toBe(202);
    const endsIn = (minutes: number) =>
      system.sql(
        `UPDATE access_tokens SET expires_at = now() + $1 * interval '1 min', use_until = now() + ($1 - 5) * interval '1 min'
         WHERE holder_id IN (SELECT id FROM merchants)`,
        [minutes],
      );
    const minutesLeft = async (appid: string) =>
      (Date.parse((await merchant(appid)).body.token_expires_at) - Date.now()) / 60_000;

    await endsIn(16);
    await upkeep().refreshTokensAhead();
    await endsIn(9);
    await upkeep().refreshTokensAhead();
    await upkeep().refreshTokensAhead();
    await eventually(
      () => minutesLeft(busy),
      (minutes) => minutes > 100,
    );
    expect(await minutesLeft(idle)).toBeLessThan(10);
    await upkeep().refreshTokensAhead();
    expect(calls('api_authorizer_token')).toBe(1);
  });

  it('outlast a silence of tickets: WeChat is asked for one, and the age is there to see', async () => {
    expect(await platform()).toMatchObject({ ticket_state: 'fresh', ticket_age_seconds: expect.any(Number) });
    system.simulator.simulation.tickets.stop(simulated());
    // The next ticket shall be another push, not the one before once more.
    await system.control('POST', 'clock/advance', { ms: 1_000 });
    await system.sql(`UPDATE platforms SET ticket_received_at = now() - interval '31 minutes'`);
    const silent = await platform();
    expect(silent).toMatchObject({ ticket_state: 'silent' });
    expect(silent.ticket_age_seconds).toBeGreaterThanOrEqual(31 * 60);

    await upkeep().askForSilentTickets();
    await eventually(platform, ({ ticket_state }) => ticket_state === 'fresh');
    const events = await system.sql(`SELECT type FROM events WHERE type = 'platform.ticket_silent'`);
    expect(events).toHaveLength(1);
  });
});
