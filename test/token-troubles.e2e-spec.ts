import { eventually } from './support/eventually.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

describe.each(anyQueueBackend)('tokens, with the queue on %s,', (_backend, queueUrlFor) => {
  let system: System;
  let platforms = 0;
  const errors: { message: string; facts: unknown }[] = [];
  const logger = {
    log: () => undefined,
    warn: () => undefined,
    error: (message: string, facts?: unknown) => void errors.push({ message, facts }),
  };

  beforeAll(async () => {
    system = await System.start({ queueUrlFor, logger });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  const get = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
  const accept = async (body: object): Promise<string> => (await system.call('POST', '/v1/deletions', body)).body.id;
  const merchantView = async (merchant: string) => (await system.call('GET', `/v1/merchants/${merchant}`)).body;
  const strike = (merchant: string, operation: string, times = 1, errcode = 40001) =>
    system.control('POST', 'faults', {
      operation,
      authorizer_appid: merchant,
      outcome: 'errcode',
      errcode,
      times,
    });
  /** What WeChat was asked for this account, in order. */
  const callsOf = (merchant: string) =>
    system.simulator.simulation.callLog
      .find({ authorizer_appid: merchant })
      .map(({ operation }) => operation)
      .filter((operation) => ['mass/delete', 'mass/get', 'api_authorizer_token'].includes(operation));
  const eventsOf = async (merchant: string, type: string) =>
    (await system.call('GET', `/v1/events?type=${type}&limit=1000`)).body.data.filter(
      (event: { data: { merchant?: string } }) => event.data.merchant === merchant,
    );
  const waitingFor = (id: string, reason: string) =>
    eventually(
      () => get(id),
      ({ waiting_for }) => waiting_for === reason,
    );
  async function aMerchant(ratePerMinute: number): Promise<{ merchant: string; msgId: string }> {
    const [one] = await system.grantedMerchants(1, 4);
    const { merchant, msgId } = one ?? { merchant: '', msgId: '' };
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: ratePerMinute });
    return { merchant, msgId };
  }
  /** The pause is over. */
  const endPause = (merchant: string) =>
    system.sql(
      `WITH over AS (
         UPDATE token_conflicts SET until = now() FROM merchants m WHERE m.id = merchant_id AND m.authorizer_appid = $1
       )
       UPDATE merchant_pacing p SET blocked_until = now(), urgent_blocked_until = now(), due_at = now()
       FROM merchants m WHERE m.id = p.merchant_id AND m.authorizer_appid = $1`,
      [merchant],
    );
  /** Those whose own mint failed wait for half a minute, and so does the lane that met the failure first: not here. */
  const endOwnPauses = async (ids: string[]) => {
    await system.sql(
      `WITH over AS (
         UPDATE deletions SET ready_at = now() WHERE id = ANY($1) AND waiting_for = 'platform' AND ready_at > now() RETURNING merchant_id
       )
       INSERT INTO lane_wakes (merchant_id, ready_at) SELECT merchant_id, now() FROM over`,
      [ids],
    );
    await system.sql(
      `UPDATE merchant_pacing SET next_slot_at = now(), due_at = now()
       WHERE next_slot_at > now() + interval '5 s' AND merchant_id IN (SELECT merchant_id FROM deletions WHERE id = ANY($1))`,
      [ids],
    );
  };

  it('that others have made void cost no slot, no retry and no call of the day: the call is made again at once', async () => {
    // The next slot is a minute away.
    const { merchant, msgId } = await aMerchant(1);
    await strike(merchant, 'mass/delete');
    const done = await system.finished(await accept({ merchant, msg_id: msgId, article_idx: 1 }));
    expect(done).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect(callsOf(merchant)).toEqual(['mass/delete', 'api_authorizer_token', 'mass/delete']);
    expect(await merchantView(merchant)).toMatchObject({ quota: { used_today: 1 }, token_conflict: null });
    expect(await system.sql(`SELECT retries FROM deletions WHERE id = $1`, [done.id])).toEqual([{ retries: 0 }]);
  });

  it('that are refused to the question whether a message is gone are renewed at once, too', async () => {
    const { merchant, msgId } = await aMerchant(6_000);
    await strike(merchant, 'mass/delete', 1, -1);
    await strike(merchant, 'mass/get');
    const done = await system.finished(await accept({ merchant, msg_id: msgId, article_idx: 1 }));
    expect(done).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect(callsOf(merchant)).toEqual(['mass/delete', 'mass/get', 'api_authorizer_token', 'mass/get', 'mass/delete']);
    expect(await system.sql(`SELECT retries FROM deletions WHERE id = $1`, [done.id])).toEqual([{ retries: 1 }]);
  });

  it('that are refused though they are fresh raise an alarm, once, and shut the lane until one is taken', async () => {
    const { merchant, msgId } = await aMerchant(6_000);
    await strike(merchant, 'mass/delete', 3);
    const id = await accept({ merchant, msg_id: msgId, article_idx: 1 });
    expect(await waitingFor(id, 'token_conflict')).toMatchObject({ state: 'waiting', attempts: 2, outcome: null });
    const second = await accept({ merchant, msg_id: msgId, article_idx: 2, priority: 'urgent' });
    await waitingFor(second, 'token_conflict');
    expect(await system.call('POST', `/v1/deletions/${second}/cancel`)).toMatchObject({ status: 200 });
    expect(callsOf(merchant)).toEqual(['mass/delete', 'api_authorizer_token', 'mass/delete']);
    const seen = await merchantView(merchant);
    expect(seen).toMatchObject({
      quota: { used_today: 0 },
      token_conflict: { kind: 'fresh_refused', since: expect.any(String), next_try_at: expect.any(String) },
    });

    // One mint and one call find out that it is so still.
    await endPause(merchant);
    await eventually(
      () => Promise.resolve(callsOf(merchant)),
      (calls) => calls.length >= 5,
    );
    await waitingFor(id, 'token_conflict');
    const { since, next_try_at } = (await merchantView(merchant)).token_conflict;
    expect(since).toBe(seen.token_conflict.since);
    expect(new Date(next_try_at).getTime()).toBeGreaterThan(new Date(seen.token_conflict.next_try_at).getTime());

    await endPause(merchant);
    expect(await system.finished(id)).toMatchObject({ state: 'succeeded', attempts: 4 });
    await eventually(
      () => merchantView(merchant),
      ({ token_conflict }) => token_conflict === null,
    );
    const told = await eventually(
      () => eventsOf(merchant, 'merchant.token_conflict'),
      (events) => events.length > 0,
    );
    expect(told).toHaveLength(1);
    expect(told[0].data).toMatchObject({
      kind: 'fresh_refused',
      errcode: 40001,
      since,
      explanation: expect.stringMatching(/^Another system/),
    });
    expect(await system.sql(`SELECT retries FROM deletions WHERE id = $1`, [id])).toEqual([{ retries: 0 }]);
  });

  it('that work and are void before their time are told of at the third in an hour, once an hour, and nothing waits', async () => {
    const { merchant, msgId } = await aMerchant(6_000);
    const first = BigInt(msgId);
    const targets = [0n, 1n, 2n].flatMap((n) => [1, 2].map((idx) => ({ msg_id: String(first + n), article_idx: idx })));
    const ofMerchant = `(SELECT id FROM merchants WHERE authorizer_appid = $1)`;
    const makeVoid = () =>
      system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${merchant}/tokens`, {
        action: 'lose_tokens',
      });
    const deleteOne = async (attempts: number) => {
      const done = await system.finished(await accept({ merchant, ...targets.shift() }));
      expect(done).toMatchObject({ state: 'succeeded', attempts });
      await eventually(
        () => system.sql(`SELECT void_at FROM access_tokens WHERE holder_id = ${ofMerchant}`, [merchant]),
        ([token]) => token?.void_at === null,
      );
    };
    const told = async () =>
      system.sql<{ data: object }>(
        `SELECT data FROM events WHERE type = 'merchant.token_conflict' AND merchant_id = ${ofMerchant} ORDER BY id`,
        [merchant],
      );
    const logged = () =>
      errors.filter(({ message, facts }) => {
        return message.startsWith('another system mints tokens') && JSON.stringify(facts).includes(merchant);
      });

    await makeVoid();
    await deleteOne(2);
    // Another call than that of a deletion meets the refusal.
    await makeVoid();
    expect(await system.call('POST', `/v1/merchants/${merchant}/clear-quota`)).toMatchObject({ status: 200 });
    await deleteOne(1);
    expect(await told()).toEqual([]);
    expect(await merchantView(merchant)).toMatchObject({ token_conflict: null });

    await makeVoid();
    await deleteOne(2);
    const { token_conflict } = await merchantView(merchant);
    expect(token_conflict).toEqual({ kind: 'void_early', since: expect.any(String), next_try_at: null });
    await makeVoid();
    await deleteOne(2);
    expect(await told()).toEqual([
      {
        data: {
          kind: 'void_early',
          errcode: 40001,
          since: token_conflict.since,
          explanation: expect.stringMatching(/^Another system/),
        },
      },
    ]);
    expect(logged()).toHaveLength(1);

    await system.sql(
      `UPDATE token_conflicts SET voids_told_at = now() - interval '61 minutes' WHERE merchant_id = ${ofMerchant}`,
      [merchant],
    );
    await makeVoid();
    await deleteOne(2);
    expect(await told()).toHaveLength(2);
    expect(logged()).toHaveLength(2);

    await system.sql(
      `UPDATE token_conflicts SET voids = ARRAY(SELECT at - interval '1 hour' FROM unnest(voids) AS at) WHERE merchant_id = ${ofMerchant}`,
      [merchant],
    );
    expect(await merchantView(merchant)).toMatchObject({ token_conflict: null });
  });

  it.each([
    ['api_component_token', 45009, 'platform_quota_spent', 1],
    ['api_authorizer_token', 45009, 'platform_quota_spent', 30],
    ['api_authorizer_token', 45011, 'platform_too_fast', 30],
  ])(
    'are not asked for by everybody when %s says %i: %s',
    async (operation, errcode, reason, most) => {
      const platform = { ...PLATFORM, component_appid: `wx${String(++platforms).padStart(16, 'c')}` };
      await system.registerPlatform(platform);
      const merchants = await system.grantedMerchants(31, 1, platform);
      const [owner = { merchant: '', msgId: '' }, ...poor] = merchants;
      await system.sql(
        `UPDATE access_tokens SET use_until = now() WHERE holder_id IN (
         SELECT id FROM merchants WHERE authorizer_appid = ANY($1)
         UNION ALL SELECT id FROM platforms WHERE component_appid = $2 AND $3)`,
        [poor.map(({ merchant }) => merchant), platform.component_appid, operation === 'api_component_token'],
      );
      const fault = { component_appid: platform.component_appid, operation, outcome: 'errcode', errcode, times: 1_000 };
      const { id: faultId } = await system.control('POST', 'faults', fault);
      const made = () =>
        system.simulator.simulation.callLog.find({ operation }).filter((call) => call.errcode === errcode).length;
      const ids = await Promise.all(
        poor.map(({ merchant, msgId }) => accept({ merchant, msg_id: msgId, article_idx: 1 })),
      );
      for (const id of ids) await waitingFor(id, 'platform');
      const view = async () => (await system.call('GET', `/v1/platforms/${platform.component_appid}`)).body;
      expect(await view()).toMatchObject({ hold: { reason, errcode } });
      expect(made()).toBeLessThanOrEqual(most);
      // Whoever has a token is not concerned.
      expect(
        await system.finished(await accept({ merchant: owner.merchant, msg_id: owner.msgId, article_idx: 1 })),
      ).toMatchObject({ state: 'succeeded' });

      await system.control('DELETE', `faults/${faultId}`);
      // By hand, without any change.
      expect(await system.call('PATCH', `/v1/platforms/${platform.component_appid}`, {})).toMatchObject({
        status: 200,
      });
      await eventually(view, ({ hold }) => hold === null);
      await eventually(
        async () => {
          await endOwnPauses(ids);
          return system.sql(`SELECT id FROM deletions WHERE id = ANY($1) AND finished_at IS NULL`, [ids]);
        },
        (open) => open.length === 0,
      );
      for (const id of ids) expect(await get(id)).toMatchObject({ state: 'succeeded' });
      const told = (await system.call('GET', '/v1/events?type=platform.*&limit=1000')).body.data.filter(
        (event: { data: { component_appid?: string } }) => event.data.component_appid === platform.component_appid,
      );
      expect(told.map(({ type }: { type: string }) => type)).toEqual(['platform.held', 'platform.resumed']);
      expect(told[0].data).toMatchObject({ reason, errcode });
    },
    120_000,
  );
});
